/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_FETCH_H
#define SERVER_HTTP_FETCH_H

/*
 * A GET over plain HTTP, for the metadata document of the platform: the host is an address (or
 * "localhost"), the whole exchange has one time limit, and the answer is as large as out may grow.
 * Redirects are not followed.
 */

#include "base/attr.h"

struct buf;
struct err;

/* Of lib/cpu's cpu_fetch_fn; ctx is not used.  Anything but status 200 is ERR_PROTOCOL. */
int http_fetch(void *ctx, const char *url, unsigned timeout_ms, struct buf *out,
               struct err *err) NODISCARD;

#endif
