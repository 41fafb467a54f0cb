/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_SIZING_H
#define SERVER_SIZING_H

/* How many workers to start, and the words that say why. */

#include <stdbool.h>

#include "base/attr.h"

struct buf;
struct err;

struct sizing_opts {
    const char *workers;   /* a number, "auto", a policy's name, or NULL */
    bool from_environment; /* workers is WEB_CONCURRENCY's value */
    const char *policy;    /* for auto; NULL: the class's own */
    double cpus;           /* --cpus; 0: find out */
    const char *worker_class;
};

/* *why reads "2 workers (event, policy n) for 1.5 CPUs from cgroup v1 /sys/...". */
int sizing_workers(const struct sizing_opts *opts, unsigned *workers, struct buf *why,
                   struct err *err) NODISCARD;

/* CPUs that all workers together may use; 0 when that cannot be known. */
double sizing_cpus(const struct sizing_opts *opts);

#endif
