/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NET_URL_H
#define NET_URL_H

/* Splitting of http and https URLs (RFC 3986), by libcurl's own parser, and percent-encoding. */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct buf;
struct err;

struct url {
    char *scheme;  /* "http" or "https" */
    char *host;    /* without brackets */
    uint16_t port; /* the scheme's own when the URL has none */
    bool default_port;
    char *path;  /* starts with '/' */
    char *query; /* without '?', or NULL */
};

int url_parse(const char *text, struct url *out, struct err *err) NODISCARD;
void url_done(struct url *u);
#define cleanup_url __attribute__((cleanup(url_done)))

/* What the Host header carries: the port only when it is not the scheme's default; IPv6 bracketed.
 */
char *url_host_header(const struct url *u);

/* Scheme, host and port are the same (RFC 6454 4). */
bool url_same_origin(const struct url *a, const struct url *b);

/* What a reference (RFC 3986 5, such as a Location header) means from base, without a fragment; the
 * caller frees it.  ERR_INVALID as url_parse() has it. */
int url_resolve(const char *base, struct str reference, char **out, struct err *err) NODISCARD;

/* Percent-encodes everything but the unreserved characters of RFC 3986 2.3, and '/' if keep_slash.
 */
void url_encode(struct str s, bool keep_slash, struct buf *out);

#endif
