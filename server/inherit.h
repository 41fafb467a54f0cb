/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_INHERIT_H
#define SERVER_INHERIT_H

/*
 * Listening sockets that this process was started with: by systemd (socket activation), or by an
 * earlier master that is being upgraded.  The latter tells which socket belongs to which --bind in
 * one variable, a line each: "3,4,5 0.0.0.0:8000", the sockets in the order of their seats.
 */

#include <stdbool.h>

#include "base/attr.h"
#include "base/str.h"

struct buf;
struct err;

/* How many sockets systemd has opened for this process: descriptors 3 and up. */
unsigned inherit_activated(void);
enum { INHERIT_ACTIVATED_FIRST = 3 };

/* Takes systemd's variables out of the environment: they are not for our children. */
void inherit_forget(void);

/* Of the text that describes handed sockets: the descriptors of a bind.  The result is allocated
 * and has n elements, NULL and 0 when the bind is not there; ERR_INVALID when the text is wrong. */
int inherit_find(struct str text, const char *bind, int **fds, unsigned *n,
                 struct err *err) NODISCARD;

/* Adds a line.  False when the bind cannot be told this way: it holds a line end. */
bool inherit_add(struct buf *text, const char *bind, const int *fds, unsigned n);

#endif
