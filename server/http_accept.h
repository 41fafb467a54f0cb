/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_ACCEPT_H
#define SERVER_HTTP_ACCEPT_H

/* What a client takes: content codings by Accept-Encoding (RFC 9110 12.5.3), pages by Accept. */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct http_request;

enum http_coding {
    HTTP_CODING_IDENTITY,
    HTTP_CODING_ZSTD,
    HTTP_CODING_BR,
    HTTP_CODING_GZIP,
    HTTP_CODING_COUNT
};

enum { HTTP_ACCEPT_NONE = -1 };

extern const char *const http_coding_names[HTTP_CODING_COUNT];    /* "identity", "zstd", ... */
extern const char *const http_coding_suffixes[HTTP_CODING_COUNT]; /* "", ".zst", ".br", ".gz" */

/* How much each coding is wanted, larger is more; 0: not at all. */
struct http_accept {
    uint16_t weight[HTTP_CODING_COUNT];
};

/* Without the field only identity is taken: clients that send none seldom decode. */
void http_accept_codings(const struct http_request *r, struct http_accept *out);

/* The coding to send of those available (a bit each), or HTTP_ACCEPT_NONE: the one wanted most, and
 * among equals the one whose representation is the smallest. */
int http_accept_choose(const struct http_accept *a, unsigned available,
                       const uint64_t sizes[HTTP_CODING_COUNT]) NODISCARD;

/* Whether Accept names text/html itself: a browser that goes to a page, not one that loads what
 * belongs to it. */
bool http_accept_page(const struct http_request *r) NODISCARD;

#endif
