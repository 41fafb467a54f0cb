/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_SIGV4_H
#define AWS_SIGV4_H

/*
 * AWS Signature Version 4.  Every stage is a function of its own so that tests can compare each
 * intermediate text.  All headers that are handed in are signed, so the caller hands in what it
 * sends and proxies leave alone: Host (with the port where it is not the scheme's own),
 * Content-Type and the X-Amz-* ones.  The hash of the body goes into the canonical request only;
 * the services used here want no X-Amz-Content-Sha256.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

#include <stddef.h>
#include <stdint.h>

#include "aws/digest.h"
#include "base/attr.h"
#include "base/str.h"

struct buf;
struct creds;
struct err;

enum {
    SIGV4_HEADERS_MAX = 64,
    SIGV4_QUERY_MAX = 256,
    SIGV4_TEXT_MAX = 1024 * 1024 /* of a canonical request */
};

struct sigv4_header {
    struct str name; /* in any case */
    struct str value;
};

struct sigv4_request {
    struct str method;
    struct str path;  /* as on the wire, so percent-encoded once; empty means "/" */
    struct str query; /* as on the wire, without '?' */
    const struct sigv4_header *headers;
    size_t n_headers;
    struct str body;
};

/* What a signing key is good for: one service in one region on one day. */
struct sigv4_scope {
    const char *region;
    const char *service;
    int64_t unix_time;
};

/* The request in its canonical form.  ERR_LIMIT for more headers or parameters than the limits. */
int sigv4_canonical_request(const struct sigv4_request *request, struct buf *out,
                            struct err *err) NODISCARD;

/* The names of the signed headers, "content-type;host;x-amz-date". */
int sigv4_signed_headers(const struct sigv4_request *request, struct buf *out,
                         struct err *err) NODISCARD;

void sigv4_string_to_sign(const struct sigv4_scope *scope, struct str canonical_request,
                          struct buf *out);

void sigv4_signature(const struct sigv4_scope *scope, const struct creds *creds,
                     struct str string_to_sign, char out[DIGEST_SHA256_HEX]);

/* All stages: appends the value of the Authorization header. */
int sigv4_authorization(const struct sigv4_request *request, const struct sigv4_scope *scope,
                        const struct creds *creds, struct buf *out, struct err *err) NODISCARD;

#endif
