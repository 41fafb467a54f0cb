/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_PROXY_CALL_H
#define SERVER_PROXY_CALL_H

/*
 * One request on its way to an upstream and its answer on the way back.
 *
 *   COLLECT   a body is kept until it is whole or large, so that a slow client holds no upstream
 *   DIAL      an upstream is chosen and connected, or a connection is taken that is there
 *   TALK      the request goes out, the head of the answer comes in
 *   REPLY     the answer's body passes, as fast as the client takes it
 *
 * What fails before the answer has begun may be tried again, when nothing was sent or the request
 * may be repeated; what fails later cuts the client's connection, so that truncation shows.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"
#include "server/http_chunk.h"
#include "server/http_reply_parse.h"
#include "server/iobuf.h"
#include "server/loop.h"
#include "server/proxy_link.h"
#include "server/proxy_resolve.h"
#include "server/proxy_upstream.h"
#include "server/timeout.h"
#include "server/tunnel.h"

struct err;
struct exchange;
struct worker_env;

/* What all proxied URLs of a worker share. */
struct proxy {
    struct loop *loop;
    const struct settings *settings;
    struct conn_group *group;
    struct proxy_links links;
    struct proxy_resolve resolve;
    struct tunnels tunnels;
    struct timeout_list again; /* a server that could not be dialled yet */
    struct buf fields, reason; /* of the answer that is being read */
    struct proxy_call *calls, *spare;
    unsigned n_spare;
};

/* One URL. */
struct proxy_route {
    struct proxy *proxy;
    const struct proxy_mount *mount;
    struct proxy_upstreams upstreams;
};

enum proxy_call_state { PROXY_COLLECT, PROXY_DIAL, PROXY_TALK, PROXY_REPLY };

struct proxy_call {
    struct exchange *x;
    struct proxy_route *route;
    struct proxy_call *next, *prev; /* all that are under way */
    struct proxy_upstream *upstream;
    struct proxy_link *link;
    struct timeout timeout; /* until the next attempt to dial */
    struct loop_task task;  /* goes on reading */
    uint64_t tried;         /* upstreams, a bit each */
    int64_t dialled_ms, asked_us;
    char *path; /* instead of the request's */
    struct iobuf head, body;
    size_t head_sent, body_sent;
    struct http_reply_parser parser;
    struct http_chunk chunk;
    uint64_t left; /* of the answer's body */
    enum http_reply_body framing;
    unsigned interim;       /* answers before the answer */
    unsigned failed_status; /* of the last attempt */
    uint8_t state;
    bool has_body, body_whole, body_framed, head_written;
    bool body_gone;   /* a part was sent and is no longer there: it cannot be repeated */
    bool paused;      /* the client's body waits for the upstream */
    bool full;        /* the upstream waits for the client */
    bool sent_any;    /* of this request on this connection */
    bool heard_any;   /* of its answer */
    bool send_broken; /* the upstream takes no more; it may have answered */
    bool websocket;
};

int proxy_init(struct proxy *p, const struct worker_env *env, struct err *err) NODISCARD;
void proxy_done(struct proxy *p);

/* Breaks off all that is under way for a URL. */
void proxy_call_cut_all(struct proxy_route *route);

/* The handler's functions (server/route.h). */
void proxy_call_begin(struct proxy_route *route, struct exchange *x);
void proxy_call_body(struct exchange *x, struct str part, bool last);
void proxy_call_drain(struct exchange *x);
void proxy_call_abort(struct exchange *x);

/* ---- between proxy_call.c and its other halves ---- */

/* The answer will not come, or not to its end: tries another way, or tells the client. */
void proxy_call_fail(struct proxy_call *c, unsigned status, const char *why);
/* Ends it with a status of our own. */
void proxy_call_answer(struct proxy_call *c, unsigned status);
/* A part of the client's body, to be sent. */
void proxy_call_append(struct proxy_call *c, struct str part, bool last);
/* An upstream is chosen and asked. */
void proxy_call_dial(struct proxy_call *c);
/* Sends what waits.  False: the call has ended. */
bool proxy_call_send(struct proxy_call *c) NODISCARD;
/* Reads what has come, as far as the client takes it.  The call may have ended then. */
void proxy_call_read(struct proxy_call *c);
/* Asks again over a new connection when one that was kept is closed; false: that may not be. */
bool proxy_call_redial(struct proxy_call *c) NODISCARD;
size_t proxy_call_unsent(const struct proxy_call *c);
/* Forgets what was sent and will not be repeated. */
void proxy_call_release_request(struct proxy_call *c);
/* Parts with the connection. */
void proxy_call_drop_link(struct proxy_call *c);
/* Forgets the call; the exchange has ended before. */
void proxy_call_free(struct proxy_call *c);
/* Arms the timeout of the connection while the upstream has to do something. */
void proxy_call_wait(struct proxy_call *c);

#endif
