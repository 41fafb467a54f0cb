/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CONN_H
#define SERVER_CONN_H

/*
 * Connections, from the accepted socket to its close: read, parse, hand to a route, write, keep
 * alive.  All connections of a worker belong to one group, which holds what they share.
 *
 *   HEAD -> BODY -> HANDLE -> HEAD ...      a request after the other, answers in order
 *                          -> SEND          a file, or the last response
 *                               -> LINGER   our side is shut; the client may still be sending
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "server/exchange.h"
#include "server/http_chunk.h"
#include "server/http_parse.h"
#include "server/iobuf.h"
#include "server/loop.h"
#include "server/timeout.h"

struct err;
struct routes;
struct settings;

enum conn_state { CONN_HEAD, CONN_BODY, CONN_HANDLE, CONN_SEND, CONN_LINGER, CONN_CLOSED };

struct conn_group {
    struct loop *loop;
    const struct settings *settings;
    const struct routes *routes;
    struct iobuf_pool in_pool, out_pool;
    /* A first request, the next one, a head, a body, room to send, the client's end. */
    struct timeout_list first, idle, head, body, send, linger;
    struct conn *closed, *spare;
    unsigned n, n_spare;
    uint64_t requests; /* handed to handlers, ever */
    bool draining;
    struct buf scratch;
    char *path_room;
    char date[32];
    int64_t date_unix;
};

struct conn {
    struct loop_source source;
    struct loop_task task;
    struct timeout timeout;
    struct conn_group *group;
    struct conn *next; /* among the closed and the spare */
    struct exchange x;
    struct http_parser parser;
    struct http_chunk chunk;
    uint64_t body_left; /* CONN_BODY: of a Content-Length; of what chunks may still bring */
    struct iobuf in, out;
    int file; /* follows out */
    uint64_t file_at, file_left;
    unsigned verdict; /* status to answer with instead of asking the handler; 0: ask it */
    uint8_t state;
    bool running;       /* inside conn_run() */
    bool readable, eof; /* the socket may have more; the client has shut its side */
    bool peer_closing;  /* RDHUP was seen: a short read is not the end */
    bool keep;          /* another request may follow */
    bool client_done;   /* the client itself asked for the close */
    bool served;        /* had a response before */
};

void conn_group_init(struct conn_group *g, struct loop *loop, const struct settings *settings,
                     const struct routes *routes);
void conn_group_done(struct conn_group *g); /* closes all that are open */

/* After each turn of the loop: frees what was closed in it. */
void conn_group_sweep(struct conn_group *g);

/* No request is taken after those that are on their way: idle connections end soon, the others
 * with their response. */
void conn_group_drain(struct conn_group *g);

/* Takes over an accepted, non-blocking socket.  Above the ceiling it is answered with 503. */
void conn_open(struct conn_group *g, int fd);

/* ---- between conn.c and its other halves ---- */

/* Ends it, whatever its state; the struct stays until conn_group_sweep(). */
void conn_close(struct conn *c);
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

#endif
