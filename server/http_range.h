/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_RANGE_H
#define SERVER_HTTP_RANGE_H

/* The Range field of a request (RFC 9110 14.1.2, 14.2). */

#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct http_range {
    uint64_t first, n; /* n > 0 */
};

enum {
    HTTP_RANGE_NONE = 0,           /* not understood, or not worth it: the whole is sent */
    HTTP_RANGE_UNSATISFIABLE = -1, /* 416 */
    HTTP_RANGE_MAX = 100           /* what max may be */
};

/*
 * How many ranges of a representation of size bytes are asked for, or one of the above.  Ranges
 * that overlap or touch, or that lie closer together than the head of a part is long, become one;
 * otherwise the client's order is kept.  More than max of them in the field: the whole.
 */
int http_range_parse(struct str value, uint64_t size, struct http_range out[HTTP_RANGE_MAX],
                     unsigned max) NODISCARD;

#endif
