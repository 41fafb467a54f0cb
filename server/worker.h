/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

/*
 * A worker: one process, one loop, its own listening sockets, all its connections.
 *
 * TERM: no new connections once those that wait are taken, idle ones closed, what is in flight
 * answered within the graceful time.  INT, QUIT: end at once.  The signals are blocked on entry
 * and read from a descriptor.
 */

#include "base/attr.h"

struct err;
struct listen_set;
struct routes;
struct settings;

/* Returns the process's exit status. */
int worker_run(const struct settings *settings, struct routes *routes, struct listen_set *listen,
               unsigned index) NODISCARD;

#endif
