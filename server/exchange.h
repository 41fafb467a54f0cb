/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_EXCHANGE_H
#define SERVER_EXCHANGE_H

/*
 * One request and its response, as a handler sees them.  A handler answers in its respond() or
 * later, in one of two ways:
 *
 *   at once   exchange_reply() or a relative of it
 *   in parts  exchange_begin(), then exchange_write() and exchange_file() as the client takes it
 *             (the handler's on_drain() says when), then exchange_end()
 *
 * Until then the request's head stays readable through x->request; after exchange_reply(),
 * exchange_end(), exchange_cut() or on_abort() the exchange is gone and may not be touched.  All of
 * it happens in the worker's loop: a thread hands its result over first (server/pool.h).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "server/http_parse.h"
#include "server/request_id.h"

struct address;
struct buf;
struct iobuf;
struct route;

struct exchange {
    const struct http_request *request;
    const struct route *route;
    /* Unescaped and without dot segments; good until respond() returns. */
    struct str path;
    struct str rest; /* of the path, behind the route's own part; likewise */
    struct str body; /* HANDLER_BODY_BUFFER: all of it, until respond() returns */
    int64_t now_unix;
    struct buf *scratch; /* empty, the worker's own; good until respond() returns */
    void *local;         /* the handler's own, for this exchange */
    const struct address *peer;

    /* What logs and metrics tell of it. */
    unsigned status;
    uint64_t sent;     /* bytes of the response's body, without its coding */
    uint64_t received; /* bytes of the request's body */
    int64_t begun_us;  /* monotonic: when the loop was told of the last part of its head */
    int64_t
        upstream_us; /* how long a proxied server took to begin its answer; -1: none was asked */
    char *logged;    /* what the access log wants of the response's head (account.c) */
    char id[REQUEST_ID_NEW]; /* exchange_id(), once it was made; starts with a NUL before */
};

struct exchange_reply {
    unsigned status;
    const char *type;
    struct str headers; /* more lines, each with its CRLF */
    bool described;     /* Content-Type and Content-Length are among them */
    struct str body;    /* copied */
    int file;           /* sent behind the body when file_bytes > 0; taken over, then or not */
    uint64_t file_bytes;
    uint64_t file_at;
};

#define EXCHANGE_REPLY_INIT                              \
    {                                                    \
        200, NULL, {NULL, 0}, false, {NULL, 0}, -1, 0, 0 \
    }

void exchange_reply(struct exchange *x, const struct exchange_reply *r);

/* A status with its reason as text. */
void exchange_status(struct exchange *x, unsigned status);

/* 301 to a path of this site, which is escaped as needed and keeps the request's query. */
void exchange_redirect(struct exchange *x, struct str path);

/* The id under which logs know the request: the client's own X-Request-Id when it is sane, else one
 * that is made here.  It lives as long as the request's head. */
struct str exchange_id(struct exchange *x);

/* ---- in parts ---- */

struct exchange_head {
    unsigned status;
    const char *reason; /* NULL: the usual one */
    const char *type;   /* Content-Type, or NULL */
    struct str headers; /* more lines, each with its CRLF */
    bool has_length;    /* false: chunked for HTTP/1.1, until the connection's end for 1.0 */
    uint64_t length;
    bool has_date, has_server; /* among headers already */
};

void exchange_begin(struct exchange *x, const struct exchange_head *h);

/* Sends or copies; a response without a body (to HEAD, 204, 304) drops it.  The handler keeps what
 * waits bounded: exchange_pending() tells, and on_drain() is called once all has left. */
void exchange_write(struct exchange *x, struct str part);

/* n bytes of a file from an offset, behind what was written.  The descriptor is borrowed until
 * on_drain(), and nothing may be written before that. */
void exchange_file(struct exchange *x, int fd, uint64_t at, uint64_t n);

/* Bytes that the client's socket has not taken yet. */
uint64_t exchange_pending(const struct exchange *x);

/* The response is whole.  With a length that was promised and not reached the connection is cut. */
void exchange_end(struct exchange *x);

/* Breaks the connection off, so that the client sees that something is missing. */
void exchange_cut(struct exchange *x);

/* ---- a body that is streamed (HANDLER_BODY_STREAM) ---- */

/* Whether on_body() is called for more; it may be switched from anywhere. */
void exchange_body_pause(struct exchange *x);
void exchange_body_resume(struct exchange *x);

/* Takes the client's socket out of the server's hands: the caller owns it, what was read of it
 * beyond the request (*in), and earlier answers that still wait to be sent (*out).  The exchange is
 * gone afterwards.  The connection counts as one of the worker's until conn_group_returned(). */
int exchange_detach(struct exchange *x, struct iobuf *in, struct iobuf *out);

#endif
