/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_MASTER_H
#define SERVER_MASTER_H

/*
 * The master: keeps the crew of workers at its number, and obeys signals.  It reaps every child it
 * is given, so it can be the first process of a container.
 *
 *   TERM       graceful stop: workers finish what is in flight, exit status 0
 *   INT, QUIT  quick stop
 *   HUP        reads what the routes need again and replaces all workers
 *   TTIN, TTOU one worker more, one fewer
 *   USR1       opens log files anew
 *   USR2       starts a new master beside this one (upgrade.h)
 *   WINCH      stops the workers gracefully; HUP and TTIN start them again
 */

#include "base/attr.h"

struct err;
struct listen_set;
struct pidfile;
struct routes;
struct settings;
struct watch;

struct master_opts {
    struct settings *settings; /* a reload changes what is in files */
    struct routes *routes;     /* replaced by a reload */
    struct listen_set *listen;
    struct watch *watch;
    struct pidfile *pidfile;
};

/* Returns the exit status in the master; in a worker it does not return. */
int master_run(const struct master_opts *opts, struct err *err) NODISCARD;

#endif
