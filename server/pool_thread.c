/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pool_own.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

enum {
    IDLE_SECONDS = 10, /* before a thread ends */
    HELD_MAX = 8,      /* jobs at their end before the loop is woken, while others wait */
    QUICK_US = 200     /* jobs this short may be held */
};

static int64_t
now_ms(void)
{
    return clock_monotonic_ms(clock_system());
}

/* ---- from a thread to the loop ---- */

static void
list_ready(struct pool *p, struct pool_job *job)
{
    if (job->listed)
        return;
    job->listed = true;
    job->next = NULL;
    *p->ready_end = job;
    p->ready_end = &job->next;
}

/* True: the caller calls notify() once it has let go of the lock. */
static bool
must_notify(struct pool *p)
{
    if (p->notified)
        return false;
    p->notified = true;
    p->held = 0;
    return true;
}

static void
notify(struct pool *p)
{
    static const uint64_t one = 1;

    /* Only fails when the counter is full, and then the loop is woken anyway. */
    while (write(p->source.fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

/* ---- a thread's life ---- */

/* False: there was nothing to do for long. */
static bool
wait_idle(struct pool *p, struct pool_thread *t)
{
    struct timespec until;
    int result;

    t->next_idle = p->idle;
    p->idle = t;
    p->n_idle++;
    pool_own_unlock(p);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += IDLE_SECONDS;
    do
        result = sem_timedwait(&t->wake, &until);
    while (result < 0 && errno == EINTR);
    pool_own_lock(p);
    return result == 0;
}

/* When nobody has taken it out. */
static void
leave_idle(struct pool *p, struct pool_thread *t)
{
    for (struct pool_thread **at = &p->idle; *at != NULL; at = &(*at)->next_idle) {
        if (*at == t) {
            *at = t->next_idle;
            p->n_idle--;
            return;
        }
    }
}

static bool
is_surplus(const struct pool *p)
{
    return p->opts.threads == 0 && p->n_threads - p->n_ended > p->growth.wanted;
}

/* Under the lock.  NULL: the thread ends. */
static struct pool_job *
take_job(struct pool *p, struct pool_thread *t)
{
    while (!p->stopping && !is_surplus(p)) {
        struct pool_job *job = p->first;
        bool woken;

        if (job != NULL) {
            pool_own_dequeue(p, job);
            job->thread = t;
            job->started_ms = now_ms();
            t->job = job;
            return job;
        }
        woken = wait_idle(p, t);
        leave_idle(p, t);
        if (!woken && p->first == NULL && p->n_threads - p->n_ended > 1) {
            pool_growth_shrink(&p->growth);
            break;
        }
    }
    p->n_ended++;
    return NULL;
}

static void
finish(struct pool *p, struct pool_thread *t, struct pool_job *job)
{
    t->job = NULL;
    job->thread = NULL;
    job->finished = true;
    p->n_done++;
    list_ready(p, job);
}

/* A loop that is woken for each of many short jobs spends more on waking than on their answers.
 * Held ones are found by the next tick at the latest. */
static bool
may_hold(struct pool *p, int64_t took_us)
{
    return took_us < QUICK_US && p->first != NULL && ++p->held < HELD_MAX;
}

static void
run(struct pool *p, struct pool_thread *t, struct pool_job *job)
{
    int64_t from_us = clock_monotonic_us(clock_system());
    bool wake;

    job->run(job, t);
    from_us = clock_monotonic_us(clock_system()) - from_us;
    pool_own_lock(p);
    finish(p, t, job);
    wake = !may_hold(p, from_us) && must_notify(p);
    pool_own_unlock(p);
    if (wake)
        notify(p);
}

static void *
thread_main(void *arg)
{
    struct pool_thread *t = arg;
    struct pool *p = t->pool;
    struct pool_job *job;
    void *local;

    pool_own_lock(p);
    while ((job = take_job(p, t)) != NULL) {
        pool_own_unlock(p);
        run(p, t, job);
        pool_own_lock(p);
    }
    local = t->local;
    t->local = NULL;
    pool_own_unlock(p);
    if (local != NULL)
        p->local.close(local);
    pool_own_lock(p);
    t->ended = true;
    pool_own_unlock(p);
    return NULL;
}

static int
create(struct pool_thread *t)
{
    pthread_attr_t attr;
    sigset_t all, before;
    int result;

    /* Signals are the loop's. */
    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, POOL_STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    result = pthread_create(&t->id, &attr, thread_main, t);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return result;
}

void
pool_thread_start(struct pool *p)
{
    struct pool_thread *t = mem_alloc(sizeof(*t));
    int result;

    t->pool = p;
    sem_init(&t->wake, 0, 0);
    result = create(t);
    if (result != 0) {
        log_warn("a thread could not be started: %s", strerror(result));
        sem_destroy(&t->wake);
        free(t);
        return;
    }
    t->next = p->threads;
    p->threads = t;
    p->n_threads++;
}

void
pool_thread_reap(struct pool *p)
{
    struct pool_thread **at = &p->threads;

    while (p->n_ended > 0 && *at != NULL) {
        struct pool_thread *t = *at;

        if (!t->ended) {
            at = &t->next;
            continue;
        }
        *at = t->next;
        p->n_threads--;
        p->n_ended--;
        pthread_join(t->id, NULL);
        sem_destroy(&t->wake);
        free(t);
    }
}

/* ---- what a job may ask for ---- */

void *
pool_thread_local(struct pool_thread *t, struct err *err)
{
    struct pool *p = t->pool;
    void *local;

    if (t->local != NULL)
        return t->local;
    assert(p->local.open != NULL);
    local = p->local.open(p->local.ctx, err);
    pool_own_lock(p);
    t->local = local;
    pool_own_unlock(p);
    return local;
}

/* Under the lock. */
static bool
wait_for_room(struct pool *p, struct pool_thread *t, struct pool_job *job)
{
    while (job->unsent > POOL_UNSENT_MAX && !job->cancelled && !job->timed_out && !p->stopping) {
        job->waiting_since_ms = now_ms();
        pool_own_unlock(p);
        while (sem_wait(&t->wake) < 0 && errno == EINTR)
            ;
        pool_own_lock(p);
        job->waited_ms += now_ms() - job->waiting_since_ms;
        job->waiting_since_ms = 0;
    }
    return !job->cancelled && !job->timed_out && !p->stopping;
}

bool
pool_thread_post(struct pool_thread *t, struct str part)
{
    struct pool *p = t->pool;
    struct pool_part *copy = mem_alloc(sizeof(*copy) + part.n);
    struct pool_job *job;
    bool wake, goes_on;

    copy->n = part.n;
    memcpy(copy->bytes, part.p, part.n);
    pool_own_lock(p);
    job = t->job;
    *job->parts_end = copy;
    job->parts_end = &copy->next;
    job->unsent += part.n;
    list_ready(p, job);
    wake = must_notify(p);
    pool_own_unlock(p);
    if (wake)
        notify(p);
    pool_own_lock(p);
    goes_on = wait_for_room(p, t, job);
    pool_own_unlock(p);
    return goes_on;
}
