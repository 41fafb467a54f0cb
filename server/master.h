/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_MASTER_H
#define SERVER_MASTER_H

/*
 * The master: forks the workers, starts a new one in the place of one that died (after a growing
 * pause when it dies again and again), and stops them.  It reaps every child it is given, so it can
 * be the first process of a container.
 *
 *   TERM       graceful stop: workers finish what is in flight, exit status 0
 *   INT, QUIT  quick stop
 */

#include "base/attr.h"

struct err;
struct listen_set;
struct routes;
struct settings;

/* ready is a line that is logged once all workers are started.  Returns the exit status in the
 * master; in a worker it does not return. */
int master_run(const struct settings *settings, struct routes *routes, struct listen_set *listen,
               const char *ready, struct err *err) NODISCARD;

#endif
