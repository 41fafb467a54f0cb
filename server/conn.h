/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CONN_H
#define SERVER_CONN_H

/*
 * Connections, from the accepted socket to its close: read, parse, hand to a route, write, keep
 * alive.  All connections of a worker belong to one group, which holds what they share.
 *
 *   HEAD -> BODY -> HANDLE -> HEAD ...      a request after the other, answers in order
 *                          -> SEND          the last response
 *                               -> LINGER   our side is shut; the client may still be sending
 *
 * PROXY comes before them when a load balancer says first where the connection comes from.
 *
 * BODY reads a body that is dropped or kept whole; one that is streamed comes during HANDLE, where
 * the response may be under way as well.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "server/account.h"
#include "server/address.h"
#include "server/exchange.h"
#include "server/http_chunk.h"
#include "server/http_parse.h"
#include "server/http_response.h"
#include "server/iobuf.h"
#include "server/loop.h"
#include "server/timeout.h"

struct err;
struct routes;
struct settings;

enum conn_state {
    CONN_HEAD,
    CONN_BODY,
    CONN_HANDLE,
    CONN_SEND,
    CONN_LINGER,
    CONN_PROXY,
    CONN_CLOSED
};

struct conn_group {
    struct loop *loop;
    const struct settings *settings;
    const struct routes *routes;
    struct iobuf_pool in_pool, out_pool;
    /* A first request, the next one, a head, a body, room to send, the client's end, and a first
     * request above the ceiling. */
    struct timeout_list first, idle, head, body, send, linger, surplus;
    struct conn *open, *closed, *spare;
    unsigned n, n_spare; /* open, with those that were detached; spare */
    uint64_t requests;   /* handed to handlers, ever */
    bool draining;
    struct buf scratch;
    char *path_room;
    struct http_response_lines lines;
    struct account account; /* nothing is kept until the worker opens it */
};

/* What each event touches comes first: of a connection that was idle every line of memory is read
 * anew. */
struct conn {
    struct loop_source source;
    uint8_t state;
    bool surplus;                       /* above the ceiling: only probes are answered */
    bool taking, paused;                /* CONN_HANDLE: more of the body is to come; but not now */
    bool began, ended;                  /* the response */
    bool bodyless, chunked, has_length; /* the response */
    bool drain_wanted;                  /* on_drain() is due once all is sent */
    bool file_borrowed;                 /* the handler closes it */
    bool running;                       /* inside conn_run() */
    bool readable, eof;                 /* the socket may have more; the client has shut its side */
    bool peer_closing;                  /* RDHUP was seen: a short read is not the end */
    bool keep;                          /* another request may follow */
    bool client_done;                   /* the client itself asked for the close */
    bool served;                        /* had a response before */
    unsigned verdict; /* status to answer with instead of asking the handler; 0: ask it */
    int file;         /* follows out */
    uint64_t file_at, file_left;
    struct conn_group *group;
    struct iobuf in, out;
    struct timeout timeout;
    uint64_t moved; /* bytes in and out so far; at the start of the present wait */
    uint64_t moved_before;
    uint64_t length_left; /* of the response, by the length it promised */
    size_t body_kept;     /* bytes of the body that stay in `in` behind the head */
    struct http_parser parser;
    struct exchange x;
    struct loop_task task;
    struct conn *next, *prev; /* among the open; only next among the closed and the spare */
    uint64_t body_left;       /* of a Content-Length; of what chunks may still bring */
    struct http_chunk chunk;
    struct address peer;
};

void conn_group_init(struct conn_group *g, struct loop *loop, const struct settings *settings,
                     const struct routes *routes);
/* Closes all that are open, and tells their handlers; then frees what is left. */
void conn_group_close(struct conn_group *g);
void conn_group_done(struct conn_group *g);

/* After each turn of the loop: frees what was closed in it. */
void conn_group_sweep(struct conn_group *g);

/* No request is taken after those that are on their way: idle connections end soon, the others
 * with their response. */
void conn_group_drain(struct conn_group *g);

/* Takes over an accepted, non-blocking socket.  Above the ceiling it is answered with 503, but for
 * probes; peer is copied. */
void conn_open(struct conn_group *g, int fd, const struct address *peer);

/* A connection that exchange_detach() gave away has ended. */
void conn_group_returned(struct conn_group *g);

/* Whether the buffers of all connections have passed the memory they may take. */
bool conn_group_is_full(const struct conn_group *g);

/* ---- between conn.c and its other halves ---- */

/* Ends it, whatever its state, and tells the handler; the struct stays until conn_group_sweep(). */
void conn_close(struct conn *c);
/* Ends it but for its socket, which is the caller's now. */
int conn_detach(struct conn *c);
/* Goes on with it, now or, when that is under way already, afterwards. */
void conn_wake(struct conn *c);
/* Sends what waits.  False: it must wait for the socket, or was closed. */
bool conn_flush(struct conn *c) NODISCARD;
/* Reads what has come.  False: it must wait, or was closed. */
bool conn_fill(struct conn *c) NODISCARD;
/* Arms a timeout unless it is armed already. */
void conn_wait(struct conn *c, struct timeout_list *list);
/* A request whose head is whole: finds who answers, and whether a body comes first. */
void conn_request(struct conn *c);
/* Answers it, now that its body has come. */
void conn_respond(struct conn *c);
/* Answers with a status and takes no further request. */
void conn_refuse(struct conn *c, unsigned status);
/* Hands what has come of a body to the handler that streams it.  False: more must come. */
bool conn_stream(struct conn *c) NODISCARD;
/* Reads what has come of a body before the handler is asked.  False: more must come. */
bool conn_body(struct conn *c) NODISCARD;
/* The response is whole: counts and logs it, and makes room for the next request. */
void conn_finish(struct conn *c);

#endif
