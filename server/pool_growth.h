/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_POOL_GROWTH_H
#define SERVER_POOL_GROWTH_H

/*
 * How many threads a worker's pool should have, found while it works.  Requests that wait for
 * something else than the CPU need CPUs x R/D threads (R: time of a request, D: CPU time of it),
 * which nobody knows beforehand; those that only compute need one.  So the number grows while jobs
 * stand in the queue, every thread is busy, and the CPU time that the worker may use is not used
 * up: at once to the double while much of it is left, then to a multiple of what would use it up,
 * as too few threads cost far more than too many.  Beyond that more threads may still save work,
 * which is tried now and then.  Growth that did not bring more jobs to their end is taken back, and
 * not tried again for a while.  Under a CPU quota a process stands still for much of each period:
 * what is measured across such a gap says something only when it is long enough to hold whole
 * periods.
 *
 * Arithmetic only: whoever has the pool measures.
 */

#include <stdbool.h>
#include <stdint.h>

struct pool_growth {
    unsigned wanted, max;
    double cpus; /* that the worker may use */
    /* The present window of measurement. */
    bool open, gapped;
    int64_t since_us, cpu_since_us, last_us;
    uint64_t done_since;
    /* The last growth. */
    unsigned before; /* threads; 0: judged already */
    double rate_before;
    int64_t hold_until_us;
    unsigned holds;
};

struct pool_sample {
    int64_t now_us;
    int64_t cpu_us; /* of the worker, so far */
    uint64_t done;  /* jobs, so far */
    bool pressed;   /* every thread is busy and jobs have been waiting */
};

void pool_growth_init(struct pool_growth *g, unsigned max, double cpus);

/* To be called every few milliseconds while there are jobs.  The number of threads wanted. */
unsigned pool_growth_tick(struct pool_growth *g, const struct pool_sample *s);

/* A thread had nothing to do for long. */
void pool_growth_shrink(struct pool_growth *g);

#endif
