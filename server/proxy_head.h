/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_PROXY_HEAD_H
#define SERVER_PROXY_HEAD_H

/*
 * The heads that go through the proxy, written anew from what was parsed: what one hop said to the
 * next stays there (RFC 9110 7.6.1), and of where the request comes from the upstream hears only
 * what is known or comes from one who is trusted.  Names with an underscore are dropped: to CGI and
 * WSGI "X_Real_IP" and "X-Real-IP" are one.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct address;
struct buf;
struct http_reply;
struct http_request;
struct iobuf;

enum proxy_head_body { PROXY_HEAD_NO_BODY, PROXY_HEAD_LENGTH, PROXY_HEAD_CHUNKED };

struct proxy_head {
    const struct http_request *request;
    const struct address *peer;
    bool trusted;    /* the peer may say where the request comes from */
    struct str path; /* instead of the request's; NULL: as it is */
    struct str host; /* the upstream's name, for a request that names none */
    struct str id;   /* X-Request-Id instead of the client's; n is 0: the client's, as it is */
    bool websocket;  /* ask for the upgrade */
    enum proxy_head_body body;
    uint64_t length;
};

/* 0, or 400: Connection names more fields than anybody means. */
unsigned proxy_head_request(const struct proxy_head *h, struct iobuf *out) NODISCARD;

/* The fields that go on to the client, each with its CRLF; false as above, or when they do not fit
 * into out. */
bool proxy_head_reply(const struct http_reply *r, struct buf *out) NODISCARD;

/* base and the rest of a path that was unescaped, escaped anew; allocated. */
char *proxy_head_path(const char *base, struct str rest);

/* Whether a request asks for a WebSocket (RFC 6455 4.1); no other protocol is let through. */
bool proxy_head_wants_websocket(const struct http_request *r);

/* False for an OPTIONS request that must go no further (RFC 9110 7.6.2). */
bool proxy_head_may_go_on(const struct http_request *r);

#endif
