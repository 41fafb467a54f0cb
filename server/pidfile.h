/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_PIDFILE_H
#define SERVER_PIDFILE_H

/*
 * The file that tells the master's process id.  While a new master serves beside an old one (USR2),
 * the new one's is the name with ".2" behind it, which becomes the name itself when the old one has
 * ended: as with gunicorn.
 */

#include <stdbool.h>

#include "base/attr.h"

struct err;

struct pidfile {
    char *path;   /* as it is now; NULL: there is none */
    char *wanted; /* as it shall be in the end */
};

/* Writes it as a whole.  ERR_EXISTS when a process that lives is named there.  path may be NULL. */
int pidfile_open(struct pidfile *p, const char *path, bool beside, struct err *err) NODISCARD;

/* The older master has ended. */
int pidfile_promote(struct pidfile *p, struct err *err) NODISCARD;

/* Removes it if it still names us. */
void pidfile_close(struct pidfile *p);

#endif
