/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_response.h"

#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/clock.h"
#include "server/bytes.h"
#include "server/iobuf.h"

enum { FIXED_MAX = 256 };

static struct str
reason_of(unsigned status)
{
#define ROW(text)                \
    {                            \
        (text), sizeof(text) - 1 \
    }
    static const struct str reasons[] = {
        ROW("200 OK"),
        ROW("304 Not Modified"),
        ROW("201 Created"),
        ROW("202 Accepted"),
        ROW("204 No Content"),
        ROW("206 Partial Content"),
        ROW("301 Moved Permanently"),
        ROW("302 Found"),
        ROW("303 See Other"),
        ROW("307 Temporary Redirect"),
        ROW("308 Permanent Redirect"),
        ROW("400 Bad Request"),
        ROW("401 Unauthorized"),
        ROW("403 Forbidden"),
        ROW("404 Not Found"),
        ROW("405 Method Not Allowed"),
        ROW("406 Not Acceptable"),
        ROW("408 Request Timeout"),
        ROW("409 Conflict"),
        ROW("410 Gone"),
        ROW("411 Length Required"),
        ROW("412 Precondition Failed"),
        ROW("413 Content Too Large"),
        ROW("414 URI Too Long"),
        ROW("415 Unsupported Media Type"),
        ROW("416 Range Not Satisfiable"),
        ROW("417 Expectation Failed"),
        ROW("422 Unprocessable Content"),
        ROW("429 Too Many Requests"),
        ROW("431 Request Header Fields Too Large"),
        ROW("501 Not Implemented"),
        ROW("502 Bad Gateway"),
        ROW("503 Service Unavailable"),
        ROW("504 Gateway Timeout"),
        ROW("505 HTTP Version Not Supported"),
    };
#undef ROW

    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        const char *r = reasons[i].p;

        if ((unsigned)(r[0] - '0') * 100 + (unsigned)(r[1] - '0') * 10 + (unsigned)(r[2] - '0') ==
            status)
            return reasons[i];
    }
    return STR_LIT("500 Internal Server Error");
}

const char *
http_response_reason(unsigned status)
{
    return reason_of(status).p;
}

static char *
put(char *p, const char *s, size_t n)
{
    memcpy(p, s, n);
    return p + n;
}

#define PUT_LIT(p, literal) put((p), (literal), sizeof(literal) - 1)

/* "HTTP/1.1 200 OK" and the line's end */
static char *
put_status_line(char *p, const struct http_response *r)
{
    struct str reason = reason_of(r->status);

    p = PUT_LIT(p, "HTTP/1.1 ");
    if (r->reason == NULL) {
        p = put(p, reason.p, reason.n);
    } else {
        p = bytes_put_number(p, r->status);
        *p++ = ' ';
        p = put(p, r->reason, strlen(r->reason));
    }
    return PUT_LIT(p, "\r\n");
}

enum { SERVER_SIZE = sizeof("Server: berthd\r\n") - 1, DATE_SIZE = 6 + 29 + 2 };

void
http_response_new_lines(struct http_response_lines *l, int64_t unix_seconds)
{
    char date[32];

    l->unix_seconds = unix_seconds;
    clock_format_http(unix_seconds, date);
    snprintf(l->text, sizeof(l->text), "Server: berthd\r\nDate: %.29s\r\n", date);
}

static char *
put_lines(char *p, const struct http_response *r, const struct http_response_lines *lines)
{
    size_t from = r->has_server ? SERVER_SIZE : 0;
    size_t to = r->has_date ? SERVER_SIZE : SERVER_SIZE + DATE_SIZE;

    return put(p, lines->text + from, to - from);
}

/* The first lines.  Nearly all heads begin in the same way: in copies of lengths that the compiler
 * knows. */
static char *
put_start(char *p, const struct http_response *r, const struct http_response_lines *lines)
{
    if (r->status == 200 && r->reason == NULL && !r->has_server && !r->has_date) {
        p = PUT_LIT(p, "HTTP/1.1 200 OK\r\n");
        return put(p, lines->text, SERVER_SIZE + DATE_SIZE);
    }
    return put_lines(put_status_line(p, r), r, lines);
}

static char *
put_description(char *p, const struct http_response *r)
{
    if (r->type != NULL) {
        p = PUT_LIT(p, "Content-Type: ");
        p = put(p, r->type, strlen(r->type));
        p = PUT_LIT(p, "\r\n");
    }
    if (r->has_length) {
        p = PUT_LIT(p, "Content-Length: ");
        p = bytes_put_number(p, r->length);
        p = PUT_LIT(p, "\r\n");
    } else if (r->chunked) {
        p = PUT_LIT(p, "Transfer-Encoding: chunked\r\n");
    }
    return p;
}

static char *
put_connection(char *p, enum http_connection connection)
{
    if (connection == HTTP_CONNECTION_CLOSE)
        return PUT_LIT(p, "Connection: close\r\n");
    return connection == HTTP_CONNECTION_KEEP ? PUT_LIT(p, "Connection: keep-alive\r\n") : p;
}

void
http_response_head(const struct http_response *r, const struct http_response_lines *lines,
                   struct iobuf *out)
{
    size_t type_n = r->type != NULL ? strlen(r->type) : 0;
    size_t reason_n = r->reason != NULL ? strlen(r->reason) : 0;
    char *start = iobuf_room(out, FIXED_MAX + type_n + reason_n + r->headers.n + r->id.n);
    char *p = put_start(start, r, lines);

    if (!r->described)
        p = put_description(p, r);
    p = put_connection(p, r->connection);
    if (r->id.n > 0) {
        p = PUT_LIT(p, "X-Request-Id: ");
        p = put(p, r->id.p, r->id.n);
        p = PUT_LIT(p, "\r\n");
    }
    p = bytes_copy(p, r->headers.p, r->headers.n);
    p = PUT_LIT(p, "\r\n");
    out->end += (size_t)(p - start);
}
