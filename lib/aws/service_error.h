/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_SERVICE_ERROR_H
#define AWS_SERVICE_ERROR_H

/*
 * What a service said when it refused: error code, message, request id.  The code comes from the
 * X-Amzn-Errortype header or the body's "__type", without name space and without what follows a
 * colon; the message from "message" or "Message".  A body that is no JSON becomes the message.
 * Services quote the request back to explain a wrong signature, so the caller's own secrets are
 * masked before anything is kept.
 */

#include "base/attr.h"
#include "base/str.h"

struct buf;
struct creds;
struct err;
struct http_response;

struct service_error {
    long status;          /* 0: no service has answered */
    char code[128];       /* "ClientException"; "" when the answer named none */
    char message[640];    /* one line */
    char request_id[128]; /* "" when the answer named none */
};

/* Reads an answer whose status is not 2xx.  creds may be NULL. */
void service_error_read(const struct http_response *response, const struct creds *creds,
                        struct service_error *out);

/* The text with stars in place of the secret key and the session token, as far as copy has room;
 * the result lies in copy, which is empty before.  creds may be NULL. */
struct str service_error_masked(struct str text, const struct creds *creds, struct buf *copy);

/* Sets err to "code: message (HTTP 400, request id ...)"; ERR_DENIED when the credentials or their
 * permissions are at fault, else ERR_PROTOCOL.  Returns -1. */
int service_error_set(const struct service_error *e, const struct creds *creds, struct err *err);

#endif
