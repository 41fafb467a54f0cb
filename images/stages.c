/* SPDX-License-Identifier: Apache-2.0 */
#include "images/stages.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

enum { WAITING, RUNNING, DONE };

enum { STACK_BYTES = 512 * 1024 }; /* the compressors want little; glibc's default is 8 MiB */

struct thread {
    struct stages *stages;
    unsigned number; /* the caller's is 0 */
    pthread_t id;
};

struct stages {
    struct stages_opts opts;
    struct thread *threads;
    unsigned n_threads; /* that were started */
    struct stages_chunk *ring;
    size_t n_ring;
    uint64_t filling;           /* the chunk being written, counted from 0 */
    struct stages_chunk *chunk; /* the same, NULL when there is none yet */

    pthread_mutex_t lock; /* of all that follows, and of the chunks' states */
    pthread_cond_t changed;
    uint64_t full;             /* chunks that were filled, ever */
    uint64_t done;             /* chunks before this one passed all stages */
    uint64_t next[STAGES_MAX]; /* the chunk whose turn it is in a stage that goes by order */
    bool busy[STAGES_MAX];     /* such a stage is running */
    bool stop;
    struct err failure;
};

/* A stage of a chunk that a thread has taken. */
struct task {
    struct stages_chunk *chunk;
    uint64_t number;
    size_t stage;
};

static struct stages_chunk *
chunk_at(const struct stages *s, uint64_t number)
{
    return &s->ring[number % s->n_ring];
}

/* ---- which stage of which chunk ---- */

static bool
may_run(const struct stages *s, const struct task *t)
{
    const struct stage *stage = &s->opts.stages[t->stage];

    if (t->chunk->state[t->stage] != WAITING)
        return false;
    if (stage->after >= 0 && t->chunk->state[stage->after] != DONE)
        return false;
    return !stage->in_order || (t->number == s->next[t->stage] && !s->busy[t->stage]);
}

/* The oldest chunk first, and of it the stage that is nearest to its end: that frees its place. */
static bool
pick(struct stages *s, struct task *t)
{
    if (s->failure.code != ERR_NONE || s->stop)
        return false;
    for (t->number = s->done; t->number < s->full; t->number++) {
        t->chunk = chunk_at(s, t->number);
        for (t->stage = s->opts.n; t->stage-- > 0;)
            if (may_run(s, t))
                return true;
    }
    return false;
}

static bool
is_done(const struct stages *s, const struct stages_chunk *c)
{
    for (size_t i = 0; i < s->opts.n; i++)
        if (c->state[i] != DONE)
            return false;
    return true;
}

/* Runs the task, for which the lock is given back meanwhile. */
static void
run_task(struct stages *s, unsigned thread, const struct task *t)
{
    const struct stage *stage = &s->opts.stages[t->stage];
    struct err err = ERR_INIT;
    int done;

    t->chunk->state[t->stage] = RUNNING;
    s->busy[t->stage] = stage->in_order;
    pthread_mutex_unlock(&s->lock);
    done = stage->run(s->opts.ctx, thread, t->chunk, &err);
    pthread_mutex_lock(&s->lock);
    t->chunk->state[t->stage] = DONE;
    s->busy[t->stage] = false;
    s->next[t->stage]++;
    if (done < 0 && s->failure.code == ERR_NONE)
        s->failure = err;
    while (s->done < s->full && is_done(s, chunk_at(s, s->done)))
        s->done++;
    pthread_cond_broadcast(&s->changed);
}

/* ---- the threads ---- */

static void *
work(void *arg)
{
    struct thread *me = arg;
    struct stages *s = me->stages;
    struct task t;

    pthread_mutex_lock(&s->lock);
    while (!s->stop) {
        if (pick(s, &t))
            run_task(s, me->number, &t);
        else
            pthread_cond_wait(&s->changed, &s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* One more.  That it cannot be had is no failure: the caller does the work of all. */
static void
start_thread(struct stages *s)
{
    struct thread *t = &s->threads[s->n_threads];
    pthread_attr_t attr;
    sigset_t all, before;

    *t = (struct thread){.stages = s, .number = s->n_threads + 1};
    if (pthread_attr_init(&attr) != 0)
        return;
    /* A signal shall wake up the caller, who looks for its note (images/interrupt.h). */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_attr_setstacksize(&attr, STACK_BYTES) == 0 &&
        pthread_create(&t->id, &attr, work, t) == 0)
        s->n_threads++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
}

/* ---- the caller ---- */

struct stages *
stages_new(const struct stages_opts *o)
{
    struct stages *s = mem_alloc(sizeof(*s));

    assert(o->n > 0 && o->n <= STAGES_MAX && o->chunk > 0);
    assert(o->threads >= 1 && o->threads <= STAGES_THREADS_MAX);
    s->opts = *o;
    s->threads = mem_alloc(o->threads * sizeof(*s->threads));
    /* A chunk for each thread, and some that wait for a thread or for their turn. */
    s->n_ring = o->threads == 1 ? 1 : o->threads + o->threads / 2 + 1;
    s->ring = mem_alloc(s->n_ring * sizeof(*s->ring));
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    return s;
}

void
stages_free(struct stages *s)
{
    if (s == NULL)
        return;
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    for (unsigned i = 0; i < s->n_threads; i++)
        pthread_join(s->threads[i].id, NULL);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    for (size_t i = 0; i < s->n_ring; i++) {
        free(s->ring[i].in);
        free(s->ring[i].out);
    }
    free(s->ring);
    free(s->threads);
    free(s);
}

void
stages_freep(struct stages **s)
{
    stages_free(*s);
}

/* Works until all chunks before `until` are done. */
static int
work_until(struct stages *s, uint64_t until, struct err *err)
{
    struct task t;
    int done = 0;

    pthread_mutex_lock(&s->lock);
    while (s->done < until && s->failure.code == ERR_NONE) {
        if (pick(s, &t))
            run_task(s, 0, &t);
        else
            pthread_cond_wait(&s->changed, &s->lock);
    }
    if (s->failure.code != ERR_NONE) {
        *err = s->failure;
        done = -1;
    }
    pthread_mutex_unlock(&s->lock);
    return done;
}

/* The chunk to write to, empty and with memory. */
static int
begin_chunk(struct stages *s, struct err *err)
{
    struct stages_chunk *c = chunk_at(s, s->filling);
    uint64_t before = s->filling < s->n_ring ? 0 : s->filling - s->n_ring + 1;

    if (work_until(s, before, err) < 0)
        return -1;
    if (c->in == NULL)
        c->in = mem_alloc(s->opts.chunk);
    c->in_n = 0;
    c->out_n = 0;
    memset(c->state, WAITING, sizeof(c->state));
    s->chunk = c;
    return 0;
}

static void
end_chunk(struct stages *s, bool last)
{
    s->chunk->last = last;
    s->chunk = NULL;
    s->filling++;
    pthread_mutex_lock(&s->lock);
    s->full = s->filling;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (!last && s->n_threads + 1 < s->opts.threads)
        start_thread(s);
}

int
stages_write(struct stages *s, const void *p, size_t n, struct err *err)
{
    const unsigned char *at = p;

    while (n > 0) {
        size_t room, step;

        /* A full chunk waits until more comes: only then it is known not to be the last. */
        if (s->chunk != NULL && s->chunk->in_n == s->opts.chunk)
            end_chunk(s, false);
        if (s->chunk == NULL && begin_chunk(s, err) < 0)
            return -1;
        room = s->opts.chunk - s->chunk->in_n;
        step = room < n ? room : n;
        memcpy(s->chunk->in + s->chunk->in_n, at, step);
        s->chunk->in_n += step;
        at += step;
        n -= step;
    }
    return 0;
}

int
stages_finish(struct stages *s, struct err *err)
{
    if (s->chunk == NULL && begin_chunk(s, err) < 0)
        return -1;
    end_chunk(s, true);
    return work_until(s, s->filling, err);
}
