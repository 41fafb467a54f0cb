/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pool.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "server/loop.h"
#include "server/pool_growth.h"
#include "server/pool_own.h"
#include "server/timeout.h"

enum {
    TICK_MS = 10,   /* far below what anybody notices, and no load */
    PRESSED_MS = 5, /* a job that waits this long shows that threads are missing */
    END_WAIT_MS = 500
};

static int64_t
now_ms(void)
{
    return clock_monotonic_ms(clock_system());
}

/* ---- the queue ---- */

static void
enqueue(struct pool *p, struct pool_job *job)
{
    job->next = NULL;
    job->prev = p->last;
    if (p->last != NULL)
        p->last->next = job;
    else
        p->first = job;
    p->last = job;
    p->n_queued++;
}

void
pool_own_dequeue(struct pool *p, struct pool_job *job)
{
    if (job->prev != NULL)
        job->prev->next = job->next;
    else
        p->first = job->next;
    if (job->next != NULL)
        job->next->prev = job->prev;
    else
        p->last = job->prev;
    job->next = job->prev = NULL;
    p->n_queued--;
}

static bool
is_queued(const struct pool_job *job)
{
    return job->thread == NULL && !job->finished;
}

/* Under the lock: somebody takes the job that was queued last. */
static void
employ(struct pool *p)
{
    struct pool_thread *t = p->idle;
    unsigned most = p->opts.threads > 0 ? p->opts.threads : p->growth.wanted;

    if (t != NULL) {
        p->idle = t->next_idle;
        p->n_idle--;
        sem_post(&t->wake);
        return;
    }
    pool_thread_reap(p);
    if (p->n_threads - p->n_ended < most)
        pool_thread_start(p);
}

/* ---- the loop's side ---- */

void
pool_submit(struct pool *p, struct pool_job *job)
{
    *job = (struct pool_job){.run = job->run, .part = job->part, .done = job->done};
    job->queued_ms = p->loop->now_ms;
    job->parts_end = &job->parts;
    if (p->outstanding++ == 0)
        timeout_arm(&p->ticks, &p->tick, p->loop->now_ms);
    pool_own_lock(p);
    enqueue(p, job);
    employ(p);
    pool_own_unlock(p);
}

static void
end_job(struct pool *p, struct pool_job *job, enum pool_end end)
{
    if (--p->outstanding == 0)
        timeout_disarm(&p->tick);
    job->done(job, end);
}

/* What was posted, and the end.  Only the list is under the lock: part() and done() submit and
 * cancel. */
static void
deliver(struct pool *p, struct pool_job *job, struct pool_part *parts, bool finished)
{
    while (parts != NULL) {
        struct pool_part *part = parts;

        parts = part->next;
        job->part(job, (struct str){part->bytes, part->n});
        free(part);
    }
    if (finished)
        end_job(p, job, POOL_RAN);
}

static void
drain(struct pool *p)
{
    pool_own_lock(p);
    p->notified = false;
    p->held = 0;
    while (p->ready != NULL) {
        struct pool_job *job = p->ready;
        struct pool_part *parts = job->parts;
        bool finished = job->finished;

        p->ready = job->next;
        if (p->ready == NULL)
            p->ready_end = &p->ready;
        job->listed = false;
        job->next = NULL;
        job->parts = NULL;
        job->parts_end = &job->parts;
        for (struct pool_part *part = parts; part != NULL; part = part->next)
            job->handed += part->n;
        pool_own_unlock(p);
        deliver(p, job, parts, finished);
        pool_own_lock(p);
    }
    pool_own_unlock(p);
}

static void
on_ready(struct loop_source *s, uint32_t events UNUSED)
{
    /* The source is edge-triggered: there is no need to read. */
    drain((struct pool *)s);
}

/* Under the lock, so that the thread cannot have gone on to another job. */
static void
interrupt(struct pool *p, struct pool_job *job)
{
    struct pool_thread *t = job->thread;

    sem_post(&t->wake); /* it may be waiting for room */
    if (t->local != NULL && p->local.interrupt != NULL)
        p->local.interrupt(t->local);
}

void
pool_cancel(struct pool *p, struct pool_job *job)
{
    bool undone;

    pool_own_lock(p);
    job->cancelled = true;
    undone = is_queued(job);
    if (undone)
        pool_own_dequeue(p, job);
    else if (job->thread != NULL)
        interrupt(p, job);
    pool_own_unlock(p);
    if (undone)
        end_job(p, job, POOL_CANCELLED);
}

void
pool_sent(struct pool *p, struct pool_job *job)
{
    pool_own_lock(p);
    job->unsent -= job->handed;
    job->handed = 0;
    if (job->thread != NULL && job->waiting_since_ms != 0)
        sem_post(&job->thread->wake);
    pool_own_unlock(p);
}

/* ---- what is looked at every few milliseconds while there are jobs ---- */

/* All wait equally long: the first has waited longest. */
static void
expire_queued(struct pool *p)
{
    for (;;) {
        struct pool_job *job;

        pool_own_lock(p);
        job = p->first;
        if (job != NULL && p->loop->now_ms - job->queued_ms >= (int64_t)p->opts.queue_timeout_ms)
            pool_own_dequeue(p, job);
        else
            job = NULL;
        pool_own_unlock(p);
        if (job == NULL)
            return;
        end_job(p, job, POOL_EXPIRED);
    }
}

/* Under the lock.  What a slow client takes is not the job's fault. */
static int64_t
ran_ms(const struct pool_job *job, int64_t now)
{
    int64_t waiting = job->waiting_since_ms != 0 ? now - job->waiting_since_ms : 0;

    return now - job->started_ms - job->waited_ms - waiting;
}

/* Again at each tick: an interrupt may come between two statements, and do nothing. */
static void
interrupt_late(struct pool *p)
{
    int64_t now = now_ms();

    pool_own_lock(p);
    for (struct pool_thread *t = p->threads; t != NULL; t = t->next) {
        struct pool_job *job = t->job;

        if (job == NULL)
            continue;
        if (ran_ms(job, now) >= (int64_t)p->opts.run_timeout_ms)
            job->timed_out = true;
        if (job->timed_out || job->cancelled)
            interrupt(p, job);
    }
    pool_own_unlock(p);
}

static int64_t
cpu_us(void)
{
    struct timespec t = {0, 0};

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
adapt(struct pool *p)
{
    struct pool_sample s = {.cpu_us = cpu_us(), .now_us = clock_monotonic_us(clock_system())};

    pool_own_lock(p);
    s.done = p->n_done;
    s.pressed =
        p->first != NULL && p->n_idle == 0 && p->loop->now_ms - p->first->queued_ms >= PRESSED_MS;
    pool_growth_tick(&p->growth, &s);
    pool_thread_reap(p);
    while (p->n_threads - p->n_ended < p->growth.wanted &&
           p->n_threads - p->n_ended < p->n_queued + (p->n_threads - p->n_ended - p->n_idle))
        pool_thread_start(p);
    pool_own_unlock(p);
}

static void
on_tick(struct timeout *t, void *ctx)
{
    struct pool *p = ctx;

    drain(p);
    expire_queued(p);
    interrupt_late(p);
    if (p->opts.threads == 0)
        adapt(p);
    if (p->outstanding > 0)
        timeout_arm(&p->ticks, t, p->loop->now_ms);
}

struct pool_gauges
pool_gauges(struct pool *p)
{
    struct pool_gauges g;

    pool_own_lock(p);
    g.threads = p->n_threads - p->n_ended;
    g.busy = g.threads - p->n_idle;
    g.queued = p->n_queued;
    pool_own_unlock(p);
    return g;
}

/* ---- its life ---- */

static double
cpus_seen(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
}

void
pool_set_cpus(struct pool *p, double cpus)
{
    pool_own_lock(p);
    p->growth.cpus = cpus > 0 ? cpus : cpus_seen();
    pool_own_unlock(p);
}

struct pool *
pool_new(struct loop *loop, const struct pool_opts *opts, struct err *err)
{
    struct pool *p = mem_alloc(sizeof(*p));

    p->loop = loop;
    p->opts = *opts;
    p->ready_end = &p->ready;
    pthread_mutex_init(&p->lock, NULL);
    pool_growth_init(&p->growth, opts->max_threads, opts->cpus > 0 ? opts->cpus : cpus_seen());
    timeout_list_init(&p->ticks, TICK_MS, on_tick, p);
    p->source = (struct loop_source){on_ready, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (p->source.fd < 0) {
        err_sys(err, "eventfd");
        free(p);
        return NULL;
    }
    if (loop_add(loop, &p->source, EPOLLIN | EPOLLET, err) < 0) {
        close(p->source.fd);
        free(p);
        return NULL;
    }
    loop_watch(loop, &p->ticks);
    return p;
}

void
pool_set_local(struct pool *p, const struct pool_local *local)
{
    p->local = *local;
}

/* Whether all threads have ended. */
static bool
stop_threads(struct pool *p)
{
    bool ended;

    pool_own_lock(p);
    p->stopping = true;
    for (struct pool_thread *t = p->threads; t != NULL; t = t->next) {
        sem_post(&t->wake);
        if (t->job != NULL)
            interrupt(p, t->job);
    }
    pool_thread_reap(p);
    ended = p->n_threads == 0;
    pool_own_unlock(p);
    return ended;
}

bool
pool_free(struct pool *p)
{
    static const struct timespec pause = {0, 1000000};
    int64_t until = now_ms() + END_WAIT_MS;

    if (p == NULL)
        return true;
    while (!stop_threads(p)) {
        if (now_ms() >= until)
            return false;
        nanosleep(&pause, NULL);
    }
    drain(p);
    while (p->first != NULL)
        pool_cancel(p, p->first);
    loop_remove(p->loop, &p->source);
    close(p->source.fd);
    pthread_mutex_destroy(&p->lock);
    free(p);
    return true;
}
