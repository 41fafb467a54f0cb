/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_PARSE_H
#define SERVER_HTTP_PARSE_H

/*
 * The head of an HTTP/1.x request by RFC 9112, strict wherever leniency lets two parsers see two
 * different messages.  It allocates nothing: a request is spans into the caller's buffer.  It is
 * fed with the whole of what has arrived and goes on where it stopped, and its answer never depends
 * on how the bytes were split.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "server/http_target.h"

/* In bytes, line ends not counted in line and field.  head must be at least line + 8. */
struct http_limits {
    uint32_t line;
    uint32_t fields;
    uint32_t field;
    uint32_t head;
};

struct http_span {
    uint32_t at, n;
};

/* Fields whose place is remembered; the others are found with http_parse_field(). */
enum http_field {
    HTTP_FIELD_HOST,
    HTTP_FIELD_CONNECTION,
    HTTP_FIELD_CONTENT_LENGTH,
    HTTP_FIELD_TRANSFER_ENCODING,
    HTTP_FIELD_EXPECT,
    HTTP_FIELD_IF_NONE_MATCH,
    HTTP_FIELD_IF_MODIFIED_SINCE,
    HTTP_FIELD_IF_MATCH,
    HTTP_FIELD_IF_UNMODIFIED_SINCE,
    HTTP_FIELD_IF_RANGE,
    HTTP_FIELD_RANGE,
    HTTP_FIELD_ACCEPT_ENCODING,
    HTTP_FIELD_REQUEST_ID,
    HTTP_FIELD_COUNT,
    HTTP_FIELD_OTHER = HTTP_FIELD_COUNT
};

enum http_method {
    HTTP_GET = 1,
    HTTP_HEAD = 2,
    HTTP_OPTIONS = 4,
    HTTP_POST = 8,
    HTTP_PUT = 16,
    HTTP_DELETE = 32,
    HTTP_PATCH = 64,
    HTTP_TRACE = 128,
    HTTP_CONNECT = 256,
    HTTP_METHOD_OTHER = 512
};

struct http_request {
    const char *base; /* where the spans count from; the owner of the bytes keeps it right */
    enum http_method method;
    enum http_form form;
    struct http_span method_text, target, path, query, authority;
    struct http_span fields[HTTP_FIELD_COUNT]; /* the first of each name */
    struct http_span field_lines;              /* all field lines */
    unsigned present;                          /* which of them there are, a bit each */
    uint64_t content_length;
    uint8_t minor; /* of the version: 0, or 1 for all later ones */
    bool has_query;
    bool plain_path; /* http_target_path() would not change it */
    bool has_length;
    bool chunked;
    bool keep_alive; /* what the client wants */
    bool expects_continue;
    uint32_t size; /* of the head, with the empty lines before and after it */
};

struct http_parser {
    const struct http_limits *limits;
    struct http_request request;
    uint32_t line_at; /* where the line begins that is looked for */
    uint32_t scanned; /* no line end before here but those already taken */
    uint32_t n_fields;
    uint8_t n_empty;
    bool in_fields;
    bool has_close, has_keep_alive;
    bool te_chunked_last, te_other, te_broken;
    bool expects_other;
};

enum { HTTP_PARSE_MORE = 0, HTTP_PARSE_DONE = 1 };

void http_parse_init(struct http_parser *p, const struct http_limits *limits);

/* base[0..n) is everything of this request that has arrived (and perhaps more behind it); it may
 * have moved since the last call.  HTTP_PARSE_MORE, HTTP_PARSE_DONE, or the status (400, 414, 417,
 * 431, 501, 505) to refuse it with; after a refusal the connection must be closed. */
int http_parse(struct http_parser *p, const char *base, size_t n) NODISCARD;

static inline struct str
http_parse_str(const struct http_request *r, struct http_span span)
{
    return (struct str){r->base + span.at, span.n};
}

static inline bool
http_parse_has(const struct http_request *r, enum http_field field)
{
    return (r->present & 1u << field) != 0;
}

/* Goes over all fields: *iter starts as 0; false at the end. */
bool http_parse_next(const struct http_request *r, uint32_t *iter, struct str *name,
                     struct str *value);

/* What a list of tokens as in Connection says, one at a time, empty members skipped. */
bool http_parse_token(struct str *list, struct str *token);

/* The name of one method, "" for HTTP_METHOD_OTHER. */
const char *http_parse_method_name(enum http_method method);

#endif
