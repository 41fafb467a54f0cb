/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

/*
 * The fence around libcurl.  One request at a time through a client that keeps its connections.
 * Defaults are the safe ones: TLS certificates and host names are verified, redirects are not
 * followed, every request has a time limit and every answer a size limit, and only http and https
 * are spoken.  A client is a table of functions so that tests can put a recorded peer in its place.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"

struct err;
struct sockaddr;

enum {
    HTTP_CONNECT_TIMEOUT_MS = 10 * 1000, /* where a request says 0 */
    HTTP_TIMEOUT_MS = 60 * 1000,
    HTTP_BODY_MAX = 16 * 1024 * 1024,
    HTTP_HEADERS_MAX = 256 * 1024
};

struct http_header {
    const char *name;
    const char *value;
};

struct http_request {
    const char *method; /* NULL = GET */
    const char *url;
    const char
        *unix_socket; /* path of the socket to connect to instead of the URL's host, or NULL */
    const struct http_header *headers;
    size_t n_headers;

    /* The body: bytes, or a function that is called until it returns 0 (-1 with err set fails the
     * request).  body_size is the length that is announced; -1 with a function means chunked. */
    const void *body;
    int64_t body_size;
    ptrdiff_t (*body_read)(void *ctx, void *into, size_t room, struct err *err);
    void *body_ctx;

    /* Where the answer's body goes instead of http_response.body; -1 with err set ends the request.
     * The response's status and headers are known when it is called. */
    int (*sink)(void *ctx, const void *p, size_t n, struct err *err);
    void *sink_ctx;

    /* Asked about the resolved address of every connection before it is made; -1 with err set
     * refuses it and fails the request.  Connections that are kept were asked about when they were
     * made.  Not asked where the environment names a proxy: that one resolves then. */
    int (*may_connect)(void *ctx, const struct sockaddr *to, struct err *err);
    void *connect_ctx;

    /* Asked at least once a second; -1 with err set ends the request.  Or NULL. */
    int (*may_go_on)(struct err *err);

    uint32_t connect_timeout_ms;
    uint32_t timeout_ms;   /* for the whole request */
    uint32_t stall_ms;     /* ERR_TIMEOUT when no byte moves for that long; 0 = never */
    size_t max_body_bytes; /* of the answer */
    const char *ca_file;   /* PEM bundle instead of the system's, or NULL */
    const char *proxy; /* NULL: by the environment's http_proxy, https_proxy, no_proxy; "": none */
};

struct http_response {
    long status;
    struct buf body;    /* empty when the request had a sink */
    struct buf headers; /* raw lines "Name: value\r\n" of the last answer */
};

void http_response_done(struct http_response *r);
#define HTTP_RESPONSE_INIT                                     \
    {                                                          \
        0, BUF_INIT(HTTP_BODY_MAX), BUF_INIT(HTTP_HEADERS_MAX) \
    }
#define cleanup_http_response __attribute__((cleanup(http_response_done)))

/* The value of the first header of that name, without blanks around it; p is NULL when absent. */
struct str http_response_header(const struct http_response *r, const char *name);

/* The same of the header that comes i-th among those of that name. */
struct str http_response_header_at(const struct http_response *r, const char *name, size_t i);

struct http_client {
    /* 0 when an answer arrived, whatever its status.  Else, worth another try: ERR_NET and
     * ERR_TIMEOUT; and of no use to repeat: ERR_INVALID (the request cannot be sent), ERR_LIMIT,
     * ERR_PROTOCOL (no HTTP, or no TLS), ERR_DENIED (a certificate that is not trusted),
     * ERR_NOT_FOUND (no CA bundle), or what a callback said. */
    int (*send)(struct http_client *self, const struct http_request *request,
                struct http_response *response, struct err *err);
    void (*free)(struct http_client *self);
};

struct http_client *http_client_new(void);
void http_client_free(struct http_client *client); /* NULL is fine */
void http_client_freep(struct http_client **client);
#define cleanup_http_client __attribute__((cleanup(http_client_freep)))

int http_send(struct http_client *client, const struct http_request *request,
              struct http_response *response, struct err *err) NODISCARD;

/* "libcurl 7.88.1 OpenSSL/3.0" for --version. */
const char *http_library_version(void);

#endif
