/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_response.h"

#include <string.h>

#include "base/attr.h"
#include "server/iobuf.h"

enum { FIXED_MAX = 256, NUMBER_MAX = 20, DATE_SIZE = sizeof("Thu, 01 Jan 1970 00:00:00 GMT") - 1 };

const char *
http_response_reason(unsigned status)
{
    static const char *const reasons[] = {
        "200 OK",
        "304 Not Modified",
        "201 Created",
        "202 Accepted",
        "204 No Content",
        "206 Partial Content",
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
        "400 Bad Request",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "405 Method Not Allowed",
        "406 Not Acceptable",
        "408 Request Timeout",
        "409 Conflict",
        "410 Gone",
        "411 Length Required",
        "412 Precondition Failed",
        "413 Content Too Large",
        "414 URI Too Long",
        "415 Unsupported Media Type",
        "416 Range Not Satisfiable",
        "417 Expectation Failed",
        "422 Unprocessable Content",
        "429 Too Many Requests",
        "431 Request Header Fields Too Large",
        "501 Not Implemented",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
        "505 HTTP Version Not Supported",
    };

    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        const char *r = reasons[i];

        if ((unsigned)(r[0] - '0') * 100 + (unsigned)(r[1] - '0') * 10 + (unsigned)(r[2] - '0') ==
            status)
            return r;
    }
    return "500 Internal Server Error";
}

static char *
put(char *p, const char *s, size_t n)
{
    memcpy(p, s, n);
    return p + n;
}

#define PUT_LIT(p, literal) put((p), (literal), sizeof(literal) - 1)

static char *
put_number(char *p, uint64_t v)
{
    char digits[NUMBER_MAX];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    return put(p, digits + at, sizeof(digits) - at);
}

/* "HTTP/1.1 200 OK" */
static char *
put_status_line(char *p, const struct http_response *r)
{
    const char *reason;

    /* Nearly all are this one, in copies of a length that the compiler knows. */
    if (r->status == 200 && r->reason == NULL)
        return PUT_LIT(p, "HTTP/1.1 200 OK");
    reason = http_response_reason(r->status);
    p = PUT_LIT(p, "HTTP/1.1 ");
    if (r->reason == NULL)
        return put(p, reason, strlen(reason));
    p = put_number(p, r->status);
    *p++ = ' ';
    return put(p, r->reason, strlen(r->reason));
}

void
http_response_head(const struct http_response *r, const char *date, struct iobuf *out)
{
    size_t type_n = r->type != NULL ? strlen(r->type) : 0;
    size_t reason_n = r->reason != NULL ? strlen(r->reason) : 0;
    char *start = iobuf_room(out, FIXED_MAX + type_n + reason_n + r->headers.n);
    char *p = put_status_line(start, r);

    if (!r->has_server)
        p = PUT_LIT(p, "\r\nServer: berthd");
    if (!r->has_date) {
        p = PUT_LIT(p, "\r\nDate: ");
        p = put(p, date, DATE_SIZE);
    }
    if (r->type != NULL) {
        p = PUT_LIT(p, "\r\nContent-Type: ");
        p = put(p, r->type, type_n);
    }
    if (r->has_length) {
        p = PUT_LIT(p, "\r\nContent-Length: ");
        p = put_number(p, r->length);
    } else if (r->chunked) {
        p = PUT_LIT(p, "\r\nTransfer-Encoding: chunked");
    }
    if (r->connection == HTTP_CONNECTION_CLOSE)
        p = PUT_LIT(p, "\r\nConnection: close");
    else if (r->connection == HTTP_CONNECTION_KEEP)
        p = PUT_LIT(p, "\r\nConnection: keep-alive");
    p = PUT_LIT(p, "\r\n");
    if (r->headers.n > 0)
        p = put(p, r->headers.p, r->headers.n);
    p = PUT_LIT(p, "\r\n");
    out->end += (size_t)(p - start);
}
