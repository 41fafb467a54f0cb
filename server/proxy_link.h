/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_PROXY_LINK_H
#define SERVER_PROXY_LINK_H

/*
 * Connections to upstreams.  One serves a request at a time and is kept for the next when both
 * sides allow it; idle ones are closed by their age, and as soon as the upstream closes or says
 * anything unasked.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "server/iobuf.h"
#include "server/loop.h"
#include "server/timeout.h"

struct conn_group;
struct proxy_call;
struct proxy_link;
struct proxy_settings;
struct proxy_upstream;

/* All of a worker. */
struct proxy_links {
    struct loop *loop;
    struct conn_group *group; /* its buffers are theirs, and count as its memory */
    const struct proxy_settings *settings;
    void (*ready)(struct proxy_link *l, uint32_t events);
    void (*expired)(struct proxy_link *l);
    /* To be connected; to answer or take something; to be needed again; the same beyond the number
     * that is kept. */
    struct timeout_list connect, wait, idle, brief;
    struct loop_task sweep;
    struct proxy_link *closed, *spare;
    unsigned n_idle, n_spare;
};

struct proxy_link {
    struct loop_source source;
    struct timeout timeout;
    struct proxy_links *all;
    struct proxy_upstream *upstream;
    struct proxy_call *call;        /* NULL while idle */
    struct proxy_link *next, *prev; /* among the idle; next: among the closed and the spare */
    struct iobuf in;
    bool connecting;
    bool reused;       /* it has served a request before */
    bool readable;     /* the socket may have more */
    bool peer_closing; /* RDHUP was seen */
    bool wants_out;    /* room to send is watched for */
    bool closed;
};

void proxy_links_init(struct proxy_links *all, struct conn_group *group,
                      const struct proxy_settings *settings);
void proxy_links_done(struct proxy_links *all); /* those in use are closed before */

/* One that is idle, or NULL. */
struct proxy_link *proxy_link_take(struct proxy_links *all, struct proxy_upstream *u);

/* A new one: connected, or about to be (connecting).  NULL with errno; EAGAIN: the queue of a unix
 * socket is full, later it may not be. */
struct proxy_link *proxy_link_connect(struct proxy_links *all, struct proxy_upstream *u);
/* The socket has spoken while connecting: 0 when it is connected now, else an errno. */
int proxy_link_connected(struct proxy_link *l);

/* Whether ready() is called when there is room to send; false: it cannot be watched. */
bool proxy_link_watch_out(struct proxy_link *l, bool on);

/* The upstream is waited for, from now on; or it is not. */
void proxy_link_wait(struct proxy_link *l);
void proxy_link_rest(struct proxy_link *l);

/* Three ways to part with it: for the next request, for good, or but for its socket. */
void proxy_link_keep(struct proxy_link *l);
void proxy_link_close(struct proxy_link *l);
int proxy_link_detach(struct proxy_link *l);

#endif
