/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_LISTEN_OPEN_H
#define SERVER_LISTEN_OPEN_H

/* One listening socket of each kind; all return a descriptor or -1. */

#include <stdbool.h>

#include "base/attr.h"

struct address;
struct err;
struct settings;

/* The first socket of an address, alone or to be shared (also with other servers), and the
 * others.  Only bound yet. */
enum listen_share { LISTEN_FIRST, LISTEN_FIRST_REUSE, LISTEN_NEXT };
int listen_open_tcp(const struct address *a, enum listen_share share, struct err *err) NODISCARD;

/* Replaces a socket that a killed server left behind, and nothing else.  Its mode and owner are as
 * the settings say. */
int listen_open_local(const struct address *a, const struct settings *s, struct err *err) NODISCARD;

/* Checks that a descriptor which was given to us is a listening stream socket, and prepares it. */
int listen_adopt(int fd, struct err *err) NODISCARD;

#endif
