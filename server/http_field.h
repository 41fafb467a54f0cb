/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_FIELD_H
#define SERVER_HTTP_FIELD_H

/* The rules of the fields that frame a request or route it (RFC 9110 7.2, 9112 6). */

#include "base/attr.h"
#include "base/str.h"
#include "server/http_parse.h"

enum http_field http_field_of(struct str name);

/* One field of a head.  0, or the status to refuse the request with. */
int http_field_take(struct http_parser *p, struct str name, struct str value) NODISCARD;

/* What can only be said once all fields are known.  0 or a status. */
int http_field_finish(struct http_parser *p) NODISCARD;

#endif
