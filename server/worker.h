/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

/*
 * A worker: one process, one loop, its own listening sockets, all its connections.
 *
 * TERM: no new connections once those that wait are taken (enum stats_order says when that is),
 * idle ones closed, what is in flight answered within the graceful time.  INT, QUIT: end at once.
 * USR1: open log files anew.  The signals are blocked on entry and read from a descriptor.
 *
 * It tells in its slot how it is: ready once it accepts, a heartbeat with every turn of the loop
 * and at least once a second.
 */

#include "base/attr.h"

struct err;
struct listen_set;
struct routes;
struct settings;
struct stats;
struct stats_slot;

struct worker_opts {
    const struct settings *settings;
    struct routes *routes;
    const struct listen_set *listen;
    const struct stats *stats;
    struct stats_slot *slot; /* its own */
    unsigned seat;
};

/* Returns the process's exit status. */
int worker_run(const struct worker_opts *opts) NODISCARD;

#endif
