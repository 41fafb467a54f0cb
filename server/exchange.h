/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_EXCHANGE_H
#define SERVER_EXCHANGE_H

/*
 * One request and its response, as a handler sees them.  A handler answers with exactly one call of
 * exchange_reply() or a relative of it, at once or later; the request's bytes are gone afterwards.
 */

#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "server/http_parse.h"

struct buf;
struct route;

struct exchange {
    const struct http_request *request;
    const struct route *route;
    /* Unescaped and without dot segments; good until the handler returns. */
    struct str path;
    struct str rest; /* of the path, behind the route's own part */
    int64_t now_unix;
    struct buf *scratch; /* empty, the worker's own; good until the handler returns */
};

struct exchange_reply {
    unsigned status;
    const char *type;
    struct str headers; /* more lines, each with its CRLF */
    struct str body;    /* copied */
    int file;           /* sent behind the body when file_bytes > 0; taken over, then or not */
    uint64_t file_bytes;
    uint64_t file_at;
};

#define EXCHANGE_REPLY_INIT                       \
    {                                             \
        200, NULL, {NULL, 0}, {NULL, 0}, -1, 0, 0 \
    }

void exchange_reply(struct exchange *x, const struct exchange_reply *r);

/* A status with its reason as text. */
void exchange_status(struct exchange *x, unsigned status);

/* 301 to a path of this site, which is escaped as needed and keeps the request's query. */
void exchange_redirect(struct exchange *x, struct str path);

#endif
