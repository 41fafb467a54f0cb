/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_TUNNEL_H
#define SERVER_TUNNEL_H

/*
 * Two sockets that talk to each other: what a connection is after its upgrade to a WebSocket.  Each
 * direction has one bounded buffer, so that the slower side is not overrun, and ends by itself;
 * with both directions, an error, or a time without a byte the tunnel ends.
 */

#include <stdbool.h>
#include <stdint.h>

#include "server/iobuf.h"
#include "server/loop.h"
#include "server/timeout.h"

struct conn_group;
struct tunnel;

struct tunnels {
    struct loop *loop;
    struct conn_group *group; /* counts them, and its buffers are theirs */
    struct timeout_list idle;
    struct loop_task sweep;
    struct tunnel *closed;
};

void tunnels_init(struct tunnels *t, struct conn_group *group, int64_t timeout_ms);
void tunnels_done(struct tunnels *t);

struct tunnel_end {
    int fd;
    struct iobuf out; /* what this side is to be sent first */
};

/* Takes both sockets over, and what is in the buffers.  The connection was detached from its group
 * (exchange_detach()), which hears of its end. */
void tunnel_open(struct tunnels *all, struct tunnel_end a, struct tunnel_end b);

#endif
