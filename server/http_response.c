/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_response.h"

#include <string.h>

#include "base/attr.h"
#include "server/iobuf.h"

enum { FIXED_MAX = 256, NUMBER_MAX = 20 };

const char *
http_response_reason(unsigned status)
{
    static const char *const reasons[] = {
        "200 OK",
        "204 No Content",
        "301 Moved Permanently",
        "304 Not Modified",
        "400 Bad Request",
        "403 Forbidden",
        "404 Not Found",
        "405 Method Not Allowed",
        "408 Request Timeout",
        "413 Content Too Large",
        "414 URI Too Long",
        "417 Expectation Failed",
        "431 Request Header Fields Too Large",
        "501 Not Implemented",
        "503 Service Unavailable",
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

void
http_response_head(const struct http_response *r, const char *date, struct iobuf *out)
{
    const char *reason = http_response_reason(r->status);
    size_t type_n = r->type != NULL ? strlen(r->type) : 0;
    char *start = iobuf_room(out, FIXED_MAX + type_n + r->headers.n);
    char *p = start;

    p = PUT_LIT(p, "HTTP/1.1 ");
    p = put(p, reason, strlen(reason));
    p = PUT_LIT(p, "\r\nServer: berthd\r\nDate: ");
    p = put(p, date, strlen(date));
    if (r->type != NULL) {
        p = PUT_LIT(p, "\r\nContent-Type: ");
        p = put(p, r->type, type_n);
    }
    if (r->has_length) {
        p = PUT_LIT(p, "\r\nContent-Length: ");
        p = put_number(p, r->length);
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
