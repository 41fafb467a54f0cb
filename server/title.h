/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_TITLE_H
#define SERVER_TITLE_H

/*
 * What ps shows: "berthd: master [shop]" and "berthd: worker 2 [shop]" where the command line was.
 * The text is written over the memory that the kernel shows, which is why argv and the environment
 * move first.  Values on the command line (--env) are out of sight from then on.
 */

#include "base/attr.h"

/* Before anything else looks at argv or the environment.  Returns the copy of argv to use. */
char **title_init(int argc, char **argv);

/* comm is the short name (15 bytes count), by which killall and pgrep find a process. */
void title_set(const char *comm, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
