/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_STATS_H
#define SERVER_STATS_H

/*
 * What master and workers tell each other and /metrics: shared memory, made by the master before
 * its first fork.  A worker writes into the slot that it was given and into no other; anybody reads
 * all of it.  Every counter has one writer at a time, so that counting is an addition without a
 * lock: threads of a worker keep to counters of their own.
 *
 * A slot belongs to a process, not to a place in the crew: while a worker is being replaced two
 * serve the same seat, each with its slot.  A slot that is used again counts on from where it was,
 * so that the sum over all slots never falls.
 *
 *   stats_add(slot, STATS_REQUESTS, 1);
 *   stats_observe(slot, microseconds);
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"

struct err;

enum stats_counter {
    /* Only ever grow. */
    STATS_ACCEPTED, /* connections */
    STATS_REFUSED,  /* of them above the ceiling */
    STATS_REQUESTS,
    STATS_1XX, /* responses by class: stats_class() */
    STATS_2XX,
    STATS_3XX,
    STATS_4XX,
    STATS_5XX,
    STATS_BYTES_IN,
    STATS_BYTES_OUT,
    STATS_LATENCY_US,  /* the sum that belongs to the histogram */
    STATS_LOG_DROPPED, /* lines of the access log that nobody took in time */
    /* As it is now: 0 once the worker has ended. */
    STATS_CONNECTIONS,
    STATS_POOL_THREADS,
    STATS_POOL_BUSY,
    STATS_POOL_QUEUE,
    STATS_COUNTERS
};

enum { STATS_FIRST_GAUGE = STATS_CONNECTIONS };

/* Upper bounds in microseconds, 0.5 ms to 10 s; what took longer is in one more bucket. */
enum { STATS_BOUNDS = 14, STATS_BUCKETS };
extern const uint32_t stats_bounds_us[STATS_BOUNDS];

enum stats_state { STATS_FREE, STATS_STARTING, STATS_READY, STATS_DRAINING };

/* What TERM means for a worker's listening sockets. */
enum stats_order {
    STATS_STOP,     /* nobody listens any more: take what waits, then close */
    STATS_REPLACED, /* a successor has the same sockets: close at once */
    STATS_RETIRED   /* nobody follows on this seat: accept what may still come, to the end */
};

struct stats_slot {
    /* Set by the master before the fork, and when it gives an order. */
    _Atomic pid_t pid;
    _Atomic unsigned seat;       /* whose listening sockets it has */
    _Atomic unsigned generation; /* how many workers had this slot, with this one */
    _Atomic unsigned restarts;   /* how many of them died unasked */
    _Atomic int order;           /* enum stats_order */
    _Atomic int64_t deadline_ms; /* monotonic: when its graceful time is over; 0: --graceful-timeout
                                    from the signal on */
    /* Set by the worker. */
    _Atomic int state; /* enum stats_state; the master's are FREE and STARTING */
    _Atomic int64_t heartbeat_ms;
    _Atomic bool spent; /* it has served --max-requests and wants to be replaced */

    _Alignas(64) _Atomic uint64_t counters[STATS_COUNTERS];
    _Atomic uint64_t buckets[STATS_BUCKETS]; /* not cumulative */
};

enum { STATS_SOURCE_MAX = 256 };

struct stats {
    /* Written by the master alone. */
    int64_t started_unix;
    _Atomic uint64_t restarts, reloads;
    _Atomic unsigned workers; /* wanted */
    _Atomic bool draining;    /* a graceful stop has begun: not ready for new clients */
    _Atomic unsigned turn;    /* odd while the next two are written */
    _Atomic double cpus;
    _Atomic char source[STATS_SOURCE_MAX]; /* of cpus: "cgroup v2 /sys/fs/cgroup/cpu.max" */

    int wake_fd;           /* an eventfd: tells the master that something here has changed */
    unsigned n;            /* slots there are */
    _Atomic unsigned used; /* slots that ever were used; the others are not touched */
    _Alignas(64) struct stats_slot slots[];
};

/* n is the most processes there may be at a time; memory is taken only for slots that are used. */
struct stats *stats_open(unsigned n, struct err *err) NODISCARD;
void stats_close(struct stats *s);

/* For the master: a free slot for the process it is going to fork, or NULL; and back. */
struct stats_slot *stats_claim(struct stats *s, unsigned seat) NODISCARD;
void stats_release(struct stats_slot *slot);

/* For the master: the CPUs found and where.  For the others: the two that belong together. */
void stats_set_cpus(struct stats *s, double cpus, const char *source);
void stats_cpus(const struct stats *s, double *cpus, char source[STATS_SOURCE_MAX]);
/* Of the CPUs, what one worker may use; 0 as long as nobody has looked for them. */
double stats_share(const struct stats *s);

/* Lets the master look at the slots. */
void stats_wake(const struct stats *s);

/* Slots that were used, for loops over all: for (i = 0; i < stats_used(s); i++) s->slots[i] ... */
static inline unsigned
stats_used(const struct stats *s)
{
    return atomic_load_explicit(&s->used, memory_order_acquire);
}

/* The sum over all slots. */
struct stats_total {
    unsigned ready; /* workers */
    uint64_t counters[STATS_COUNTERS];
    uint64_t buckets[STATS_BUCKETS];
};
void stats_sum(const struct stats *s, struct stats_total *out);

static inline uint64_t
stats_get(const struct stats_slot *slot, enum stats_counter c)
{
    return atomic_load_explicit(&slot->counters[c], memory_order_relaxed);
}

static inline void
stats_set(struct stats_slot *slot, enum stats_counter c, uint64_t v)
{
    atomic_store_explicit(&slot->counters[c], v, memory_order_relaxed);
}

static inline void
stats_add(struct stats_slot *slot, enum stats_counter c, uint64_t n)
{
    stats_set(slot, c, stats_get(slot, c) + n);
}

/* 200 is STATS_2XX. */
static inline enum stats_counter
stats_class(unsigned status)
{
    unsigned hundreds = status / 100;

    return hundreds < 1 || hundreds > 5 ? STATS_5XX
                                        : (enum stats_counter)(STATS_1XX + hundreds - 1);
}

/* How long a request took. */
void stats_observe(struct stats_slot *slot, uint64_t us);

#endif
