/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

/* What can be told of the whole server at one moment, by any of its processes. */

#include <stdbool.h>
#include <stdint.h>

#include "cpu/throttle.h"
#include "server/stats.h"

struct buf;

struct metrics {
    struct stats_total total;
    unsigned ready, starting, draining; /* workers */
    unsigned wanted;
    uint64_t restarts, reloads;
    int64_t started_unix;
    double cpus; /* the limit */
    char source[STATS_SOURCE_MAX];
    uint64_t memory_bytes; /* private to master and workers */
    bool has_throttle;
    struct cpu_throttle throttle;
};

/* throttle_path as cpu_throttle_find() gave it, or NULL; master is its process id. */
void metrics_read(const struct stats *s, const char *throttle_path, pid_t master,
                  struct metrics *out);

/* Prometheus' text format, version 0.0.4. */
void metrics_text(const struct metrics *m, struct buf *out);

/* The time below which a share (0 to 1) of a histogram's requests stayed, in microseconds, with
 * even distribution inside of a bucket; what is above all bounds counts as the highest.  Negative
 * when there were no requests. */
double metrics_quantile(const uint64_t buckets[STATS_BUCKETS], double share);

#endif
