/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_TARGET_H
#define SERVER_HTTP_TARGET_H

/* The request target (RFC 9112 3.2), the host it names, and the path as routes and files know it.
 */

#include <stdbool.h>

#include "base/attr.h"
#include "base/str.h"

enum http_form { HTTP_FORM_ORIGIN, HTTP_FORM_ABSOLUTE, HTTP_FORM_AUTHORITY, HTTP_FORM_ASTERISK };

struct http_target {
    enum http_form form;
    struct str host;  /* absolute and authority form, with its port */
    struct str path;  /* as sent; empty means "/" */
    struct str query; /* without '?'; p is NULL when there is none */
    bool plain;       /* the path is as http_target_path() would make it */
};

/* False when the target is none that the method may have. */
bool http_target_parse(struct str method, struct str target, struct http_target *out) NODISCARD;

/* uri-host [":" port] with a host that is not empty. */
bool http_target_host_valid(struct str host);

enum http_path_result {
    HTTP_PATH_OK,
    /* A broken escape, a control character, overlong UTF-8, or dots that lead above the root. */
    HTTP_PATH_BAD,
    /* Good but for an escaped slash, which no file and no route of ours has in a name. */
    HTTP_PATH_SLASH
};

/*
 * Unescapes a path and takes the dot segments out, in this order, so that everything that looks at
 * the path sees the same and final one.  room has at least raw.n + 1 bytes; out points into raw
 * (when there was nothing to do) or into room.
 */
enum http_path_result http_target_path(struct str raw, char *room, struct str *out) NODISCARD;

/* The value of a parameter in a query "a=1&b=2", not unescaped; p is NULL when it is not there. */
struct str http_target_parameter(struct str query, const char *name);

#endif
