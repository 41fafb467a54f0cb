/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_RESPONSE_H
#define SERVER_HTTP_RESPONSE_H

/* The head of a response. */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct iobuf;

enum http_connection { HTTP_CONNECTION_DEFAULT, HTTP_CONNECTION_KEEP, HTTP_CONNECTION_CLOSE };

struct http_response {
    unsigned status;
    const char *reason; /* without the number; NULL: the usual one */
    const char *type;   /* Content-Type, or NULL */
    struct str headers; /* more lines, each with its CRLF */
    struct str id;      /* X-Request-Id, or none */
    bool has_length, chunked;
    bool described;            /* Content-Type and Content-Length are among headers */
    bool has_date, has_server; /* among headers */
    uint64_t length;
    enum http_connection connection;
};

/* Lines that are the same for all responses of a second. */
struct http_response_lines {
    char text[64]; /* "Server: berthd\r\nDate: ...\r\n" */
    int64_t unix_seconds;
};

void http_response_new_lines(struct http_response_lines *l, int64_t unix_seconds);

/* Makes them anew when the second is another one; INT64_MIN in a new one. */
static inline void
http_response_lines(struct http_response_lines *l, int64_t unix_seconds)
{
    if (l->unix_seconds != unix_seconds)
        http_response_new_lines(l, unix_seconds);
}

void http_response_head(const struct http_response *r, const struct http_response_lines *lines,
                        struct iobuf *out);

/* "404 Not Found"; "500 Internal Server Error" for what is no status of ours. */
const char *http_response_reason(unsigned status);

#endif
