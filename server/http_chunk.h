/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_CHUNK_H
#define SERVER_HTTP_CHUNK_H

/*
 * The chunked coding (RFC 9112 7.1), decoded byte by byte so that any split of the input gives the
 * same answer.  Extensions are checked and ignored, trailers are checked and dropped: neither may
 * change what the request means.  All of it that is not data is bounded.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct http_chunk {
    uint64_t left;     /* of the chunk's data */
    uint32_t overhead; /* bytes of extensions and trailers so far */
    uint8_t state;
    uint8_t digits;
};

enum { HTTP_CHUNK_MORE = 0, HTTP_CHUNK_DONE = 1, HTTP_CHUNK_DATA = 2 };

void http_chunk_init(struct http_chunk *c);

/* Takes *used of the n bytes at p.  HTTP_CHUNK_DATA: *data is the next part of the body, call
 * again; HTTP_CHUNK_MORE: all taken; HTTP_CHUNK_DONE: the body has ended; else the status (400 or
 * 431) to refuse the request with. */
int http_chunk_decode(struct http_chunk *c, const char *p, size_t n, size_t *used,
                      struct str *data) NODISCARD;

/* What the chunk that is being read still has to bring, by its own word. */
uint64_t http_chunk_announced(const struct http_chunk *c);

#endif
