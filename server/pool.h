/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_POOL_H
#define SERVER_POOL_H

/*
 * The threads of a worker, on which runs what would block its loop: queries.  A job is queued by
 * the loop, run by a thread, and handed back to the loop, where it is done().  Results may come in
 * parts before that.
 *
 * No thread is there before the first job.  The number is fixed, or follows what the jobs need
 * (pool_growth.h); a thread that had nothing to do for long ends.  Jobs that waited too long are
 * given back undone, those that run too long are interrupted.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct err;
struct loop;
struct pool;
struct pool_part;
struct pool_thread;

enum {
    /* Of a thread.  SQLite's parser is the hungriest; only what is used is resident. */
    POOL_STACK_BYTES = 512 * 1024,
    POOL_UNSENT_MAX = 256 * 1024 /* bytes that a job may be ahead of its client */
};

/* What each thread keeps from job to job: a connection to the database.  One kind for a pool. */
struct pool_local {
    void *ctx;
    void *(*open)(void *ctx, struct err *err); /* on the thread, when a job first asks */
    void (*close)(void *local);
    /* From the loop: what runs shall end soon.  May be called again and again, also when nothing
     * runs; must not block. */
    void (*interrupt)(void *local);
};

struct pool_opts {
    unsigned threads;     /* fixed; 0: as many as are needed */
    unsigned max_threads; /* when they are not fixed */
    double cpus;          /* that this worker may use; 0: all there are */
    unsigned queue_timeout_ms, run_timeout_ms;
};

enum pool_end {
    POOL_RAN,
    POOL_EXPIRED,  /* it waited too long, and has not run */
    POOL_CANCELLED /* before it ran */
};

struct pool_job {
    /* On a thread. */
    void (*run)(struct pool_job *job, struct pool_thread *t);
    /* In the loop: a part of the result, and the end; the job is its owner's again with done().
     * part may be NULL when nothing is posted. */
    void (*part)(struct pool_job *job, struct str part);
    void (*done)(struct pool_job *job, enum pool_end end);

    /* The pool's own, under its lock. */
    struct pool_job *next, *prev;
    struct pool_thread *thread; /* that runs it */
    struct pool_part *parts, **parts_end;
    size_t unsent; /* bytes posted that have not left */
    size_t handed; /* of them, handed to part() */
    int64_t queued_ms, started_ms;
    int64_t waited_ms, waiting_since_ms; /* for room, while it ran */
    bool listed, finished, cancelled, timed_out;
};

struct pool *pool_new(struct loop *loop, const struct pool_opts *opts, struct err *err) NODISCARD;

/* Interrupts what runs and waits for the threads to end, though not for ever: false when some do
 * not.  Then nothing that they use may be freed.  Every job is done() before. */
bool pool_free(struct pool *p) NODISCARD; /* NULL is fine */

void pool_set_local(struct pool *p, const struct pool_local *local); /* before the first job */
void pool_set_cpus(struct pool *p, double cpus);

/* ---- in the loop ---- */

void pool_submit(struct pool *p, struct pool_job *job); /* its first three are set */

/* Nobody wants it any more: it is done() soon, perhaps before this returns. */
void pool_cancel(struct pool *p, struct pool_job *job);

/* All that part() was given has left: room for more. */
void pool_sent(struct pool *p, struct pool_job *job);

struct pool_gauges {
    unsigned threads, busy, queued;
};
struct pool_gauges pool_gauges(struct pool *p);

/* ---- on a thread ---- */

/* The thread's own, opened when need be; NULL when that failed. */
void *pool_thread_local(struct pool_thread *t, struct err *err) NODISCARD;

/* Copies a part for the loop, and waits while the client is slow.  False: go no further, the job
 * was cancelled or took too long. */
bool pool_thread_post(struct pool_thread *t, struct str part) NODISCARD;

#endif
