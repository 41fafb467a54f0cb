/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_ACCEPTOR_H
#define SERVER_ACCEPTOR_H

/*
 * A worker's side of the listening sockets: takes connections from their queues and hands them to
 * the group.  Of a socket that all workers share each takes its part: whoever has more connections
 * than the others takes only one at a time and stands behind them for the next.
 */

#include "base/attr.h"
#include "server/loop.h"
#include "server/timeout.h"

struct conn_group;
struct err;
struct listen_set;
struct stats;

struct acceptor {
    struct loop *loop;
    struct conn_group *group;
    const struct stats *stats;
    struct acceptor_socket *v;
    unsigned n;
    struct timeout_list pauses;
    struct timeout pause;
    int64_t warn_at_ms; /* not before */
};

/* Watches the sockets of a seat.  acceptor_done() also after a failure. */
int acceptor_open(struct acceptor *a, struct conn_group *group, const struct listen_set *listen,
                  unsigned seat, const struct stats *stats, struct err *err) NODISCARD;
void acceptor_done(struct acceptor *a);

/* Takes what waits, and closes: all of them, or those that other workers have as well. */
enum acceptor_which { ACCEPTOR_ALL, ACCEPTOR_SHARED };
void acceptor_close(struct acceptor *a, enum acceptor_which which);

#endif
