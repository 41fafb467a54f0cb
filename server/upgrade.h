/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_UPGRADE_H
#define SERVER_UPGRADE_H

/*
 * USR2: a new master, of the program that is at this one's path by now, with the same command line,
 * environment, working directory and listening sockets.  Both serve until one of them is told to
 * end.  A new one that cannot start leaves the old one as it was.
 *
 * It learns of its elder by BERTHD_UPGRADE_PID and BERTHD_UPGRADE_SOCKETS (inherit.h).
 */

#include <signal.h>
#include <sys/types.h>

#include "base/attr.h"

struct err;
struct listen_set;

/* At the very start, before argv is sorted or the working directory changes. */
void upgrade_begin(int argc, char **argv);

/* What the elder handed down, or NULL; and who it is, or 0 when there is none any more. */
const char *upgrade_handed(void);
pid_t upgrade_elder(void);

/* Starts the new master with this signal mask; returns its process id, or -1. */
pid_t upgrade_start(const struct listen_set *l, const sigset_t *mask, struct err *err) NODISCARD;

#endif
