/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pool.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/loop.h"
#include "server/pool_growth.h"
#include "server/timeout.h"

enum {
    TICK_MS = 10,      /* far below what anybody notices, and no load */
    PRESSED_MS = 5,    /* a job that waits this long shows that threads are missing */
    IDLE_SECONDS = 10, /* before a thread ends */
    HELD_MAX = 8,      /* jobs at their end before the loop is woken, while others wait */
    QUICK_US = 200,    /* jobs this short may be held */
    END_WAIT_MS = 500
};

struct pool_part {
    struct pool_part *next;
    size_t n;
    char bytes[];
};

struct pool_thread {
    struct pool *pool;
    struct pool_thread *next;      /* of all */
    struct pool_thread *next_idle; /* under the one that was idle last */
    pthread_t id;
    sem_t wake;
    struct pool_job *job; /* under the lock, as all of these */
    void *local;
    bool ended;
};

struct pool {
    struct loop_source source; /* written to when jobs or parts are ready */
    struct loop *loop;
    struct pool_opts opts;
    struct pool_local local;
    struct timeout_list ticks;
    struct timeout tick;
    unsigned outstanding; /* submitted and not done */

    pthread_mutex_t lock;          /* of all that follows */
    struct pool_job *first, *last; /* queued */
    unsigned n_queued;
    struct pool_job *ready, **ready_end; /* with parts, or finished */
    unsigned held;                       /* ready, and the loop does not know */
    bool notified;
    struct pool_thread *threads, *idle;
    unsigned n_threads, n_idle, n_ended;
    uint64_t n_done;
    struct pool_growth growth;
    bool stopping;
};

static int64_t
now_ms(void)
{
    return clock_monotonic_ms(clock_system());
}

static void
lock(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
}

static void
unlock(struct pool *p)
{
    pthread_mutex_unlock(&p->lock);
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

static void
dequeue(struct pool *p, struct pool_job *job)
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

/* ---- threads ---- */

/* False: there was nothing to do for long. */
static bool
wait_idle(struct pool *p, struct pool_thread *t)
{
    struct timespec until;
    int result;

    t->next_idle = p->idle;
    p->idle = t;
    p->n_idle++;
    unlock(p);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += IDLE_SECONDS;
    do
        result = sem_timedwait(&t->wake, &until);
    while (result < 0 && errno == EINTR);
    lock(p);
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
            dequeue(p, job);
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
    lock(p);
    finish(p, t, job);
    wake = !may_hold(p, from_us) && must_notify(p);
    unlock(p);
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

    lock(p);
    while ((job = take_job(p, t)) != NULL) {
        unlock(p);
        run(p, t, job);
        lock(p);
    }
    local = t->local;
    t->local = NULL;
    unlock(p);
    if (local != NULL)
        p->local.close(local);
    lock(p);
    t->ended = true;
    unlock(p);
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

/* Under the lock. */
static void
start_thread(struct pool *p)
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

/* Under the lock: frees threads that have ended; they hold no lock any more. */
static void
reap(struct pool *p)
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
    reap(p);
    if (p->n_threads - p->n_ended < most)
        start_thread(p);
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
    lock(p);
    enqueue(p, job);
    employ(p);
    unlock(p);
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
    lock(p);
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
        unlock(p);
        deliver(p, job, parts, finished);
        lock(p);
    }
    unlock(p);
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

    lock(p);
    job->cancelled = true;
    undone = is_queued(job);
    if (undone)
        dequeue(p, job);
    else if (job->thread != NULL)
        interrupt(p, job);
    unlock(p);
    if (undone)
        end_job(p, job, POOL_CANCELLED);
}

void
pool_sent(struct pool *p, struct pool_job *job)
{
    lock(p);
    job->unsent -= job->handed;
    job->handed = 0;
    if (job->thread != NULL && job->waiting_since_ms != 0)
        sem_post(&job->thread->wake);
    unlock(p);
}

/* ---- what is looked at every few milliseconds while there are jobs ---- */

/* All wait equally long: the first has waited longest. */
static void
expire_queued(struct pool *p)
{
    for (;;) {
        struct pool_job *job;

        lock(p);
        job = p->first;
        if (job != NULL && p->loop->now_ms - job->queued_ms >= (int64_t)p->opts.queue_timeout_ms)
            dequeue(p, job);
        else
            job = NULL;
        unlock(p);
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

    lock(p);
    for (struct pool_thread *t = p->threads; t != NULL; t = t->next) {
        struct pool_job *job = t->job;

        if (job == NULL)
            continue;
        if (ran_ms(job, now) >= (int64_t)p->opts.run_timeout_ms)
            job->timed_out = true;
        if (job->timed_out || job->cancelled)
            interrupt(p, job);
    }
    unlock(p);
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

    lock(p);
    s.done = p->n_done;
    s.pressed =
        p->first != NULL && p->n_idle == 0 && p->loop->now_ms - p->first->queued_ms >= PRESSED_MS;
    pool_growth_tick(&p->growth, &s);
    reap(p);
    while (p->n_threads - p->n_ended < p->growth.wanted &&
           p->n_threads - p->n_ended < p->n_queued + (p->n_threads - p->n_ended - p->n_idle))
        start_thread(p);
    unlock(p);
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

    lock(p);
    g.threads = p->n_threads - p->n_ended;
    g.busy = g.threads - p->n_idle;
    g.queued = p->n_queued;
    unlock(p);
    return g;
}

/* ---- on a thread ---- */

void *
pool_thread_local(struct pool_thread *t, struct err *err)
{
    struct pool *p = t->pool;
    void *local;

    if (t->local != NULL)
        return t->local;
    assert(p->local.open != NULL);
    local = p->local.open(p->local.ctx, err);
    lock(p);
    t->local = local;
    unlock(p);
    return local;
}

/* Under the lock. */
static bool
wait_for_room(struct pool *p, struct pool_thread *t, struct pool_job *job)
{
    while (job->unsent > POOL_UNSENT_MAX && !job->cancelled && !job->timed_out && !p->stopping) {
        job->waiting_since_ms = now_ms();
        unlock(p);
        while (sem_wait(&t->wake) < 0 && errno == EINTR)
            ;
        lock(p);
        job->waited_ms += now_ms() - job->waiting_since_ms;
        job->waiting_since_ms = 0;
    }
    return !job->cancelled && !job->timed_out && !p->stopping;
}

bool
pool_post(struct pool_thread *t, struct str part)
{
    struct pool *p = t->pool;
    struct pool_part *copy = mem_alloc(sizeof(*copy) + part.n);
    struct pool_job *job;
    bool wake, goes_on;

    copy->n = part.n;
    memcpy(copy->bytes, part.p, part.n);
    lock(p);
    job = t->job;
    *job->parts_end = copy;
    job->parts_end = &copy->next;
    job->unsent += part.n;
    list_ready(p, job);
    wake = must_notify(p);
    unlock(p);
    if (wake)
        notify(p);
    lock(p);
    goes_on = wait_for_room(p, t, job);
    unlock(p);
    return goes_on;
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
    lock(p);
    p->growth.cpus = cpus > 0 ? cpus : cpus_seen();
    unlock(p);
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

    lock(p);
    p->stopping = true;
    for (struct pool_thread *t = p->threads; t != NULL; t = t->next) {
        sem_post(&t->wake);
        if (t->job != NULL)
            interrupt(p, t->job);
    }
    reap(p);
    ended = p->n_threads == 0;
    unlock(p);
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
