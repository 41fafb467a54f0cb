/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_POOL_OWN_H
#define SERVER_POOL_OWN_H

/*
 * Between pool.c, which is the loop's side of a pool, and pool_thread.c, which is what its threads
 * do.
 */

#include <pthread.h>
#include <semaphore.h>

#include "server/loop.h"
#include "server/pool.h"
#include "server/pool_growth.h"
#include "server/timeout.h"

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

static inline void
pool_own_lock(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
}

static inline void
pool_own_unlock(struct pool *p)
{
    pthread_mutex_unlock(&p->lock);
}

/* All of these under the lock. */

void pool_own_dequeue(struct pool *p, struct pool_job *job);
/* One more, if the system allows it; what goes wrong is logged. */
void pool_thread_start(struct pool *p);
/* Frees threads that have ended; they hold no lock any more. */
void pool_thread_reap(struct pool *p);

#endif
