/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_CONDITION_H
#define SERVER_HTTP_CONDITION_H

/* Conditional requests (RFC 9110 13), for GET and HEAD. */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct http_request;

struct http_validators {
    const char *etag; /* strong, in its quotes */
    int64_t modified; /* Unix seconds, or HTTP_CONDITION_UNDATED */
};

enum { HTTP_CONDITION_UNDATED = -1 };

/* In the order of 13.2.2: 412, 304, or 200 when the request shall be answered. */
unsigned http_condition(const struct http_request *r, const struct http_validators *v,
                        int64_t now) NODISCARD;

/* Whether If-Range, when there is one, lets the Range field count. */
bool http_condition_range(const struct http_request *r, const struct http_validators *v,
                          int64_t now) NODISCARD;

#endif
