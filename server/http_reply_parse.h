/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_REPLY_PARSE_H
#define SERVER_HTTP_REPLY_PARSE_H

/*
 * The head of an HTTP/1.x response by RFC 9112, as strict as http_parse.h is with requests: an
 * upstream that frames its answer in two ways may not choose what the client reads as the next one.
 * It allocates nothing, is fed with the whole of what has arrived, and its answer never depends on
 * how the bytes were split.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "server/http_parse.h"

/* More are counted only. */
enum { HTTP_REPLY_STOPS_MAX = 8 };

struct http_reply {
    const char *base; /* where the spans count from; the owner of the bytes keeps it right */
    unsigned status;  /* 100 to 599 */
    uint8_t minor;    /* of the version: 0, or 1 for all later ones */
    struct http_span reason;
    struct http_span upgrade;     /* the first field of that name; at is 0 when absent */
    struct http_span field_lines; /* all field lines */
    uint64_t content_length;
    bool has_length;
    bool chunked;
    bool keep_alive; /* what the server allows */
    bool has_date, has_server, has_connection;
    uint32_t size; /* of the head, with the empty line behind it */
    /* Whole lines that do not go on to a client: of one hop, or meant for a proxy.  Those that
     * Connection names are not among them. */
    uint32_t n_stops;
    struct http_span stops[HTTP_REPLY_STOPS_MAX];
};

struct http_reply_parser {
    uint32_t limit; /* bytes of the whole head */
    struct http_reply reply;
    uint32_t line_at; /* where the line begins that is looked for */
    uint32_t scanned; /* nothing before here but what a line may hold, and lines that were taken */
    bool in_fields;
    bool has_close, has_keep_alive;
    bool has_coding, chunked_last, other_coding, coding_broken;
    const char *why; /* of HTTP_REPLY_BROKEN, for the log */
};

enum { HTTP_REPLY_BROKEN = -1, HTTP_REPLY_MORE = 0, HTTP_REPLY_DONE = 1 };

void http_reply_parse_init(struct http_reply_parser *p, uint32_t limit);

/* base[0..n) is everything of this response that has arrived (and perhaps more behind it); it may
 * have moved since the last call. */
int http_reply_parse(struct http_reply_parser *p, const char *base, size_t n) NODISCARD;

static inline struct str
http_reply_parse_str(const struct http_reply *r, struct http_span span)
{
    return (struct str){r->base + span.at, span.n};
}

/* Goes over all fields: *iter starts as 0; false at the end. */
bool http_reply_parse_next(const struct http_reply *r, uint32_t *iter, struct str *name,
                           struct str *value);

/* How the end of the body is known (RFC 9112 6.3), which depends on the request's method. */
enum http_reply_body {
    HTTP_REPLY_BODY_NONE,
    HTTP_REPLY_BODY_LENGTH,
    HTTP_REPLY_BODY_CHUNKED,
    HTTP_REPLY_BODY_CLOSE
};
enum http_reply_body http_reply_parse_body(const struct http_reply *r, enum http_method method);

#endif
