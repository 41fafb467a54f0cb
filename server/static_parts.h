/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_STATIC_PARTS_H
#define SERVER_STATIC_PARTS_H

/*
 * Several ranges of a file as multipart/byteranges (RFC 9110 14.6).  A file in memory is answered
 * at once, one on disk part by part as the client takes them.
 */

#include "server/http_range.h"

struct exchange;
struct static_file;

void static_parts_send(struct exchange *x, const char *type, const struct static_file *f,
                       const struct http_range *ranges, unsigned n);

/* The on_drain() and on_abort() of a handler that calls it. */
void static_parts_drain(struct exchange *x);
void static_parts_abort(struct exchange *x);

#endif
