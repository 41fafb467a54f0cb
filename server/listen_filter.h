/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_LISTEN_FILTER_H
#define SERVER_LISTEN_FILTER_H

/*
 * The small programs that the kernel runs for our listening TCP sockets.
 */

#include "base/attr.h"

struct err;

/* Of all sockets that share fd's address, in the order in which they began to listen, only the
 * first n get new connections, each as often as another. */
int listen_filter_spread(int fd, unsigned n, struct err *err) NODISCARD;

/* Handshakes that have begun on this socket may end, new ones are not taken: the client will try
 * again in a second. */
int listen_filter_close(int fd, struct err *err) NODISCARD;
/* Takes that back. */
void listen_filter_reopen(int fd);

#endif
