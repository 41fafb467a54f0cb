/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_CALL_H
#define AWS_CALL_H

/*
 * One signed POST to a service, repeated where that is safe and useful: connections that broke, 5xx
 * answers and throttling by the session's retry rules, and once more when the answer shows that our
 * clock is wrong.  Protocols (aws/aws_json.h) are made of it.
 */

#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"
#include "net/http.h"

struct endpoint;
struct endpoint_service;
struct err;
struct service_error;
struct session;

enum { CALL_HEADERS_MAX = 8, CALL_ANSWER_MAX = 8 * 1024 * 1024 };

struct call {
    const char *name; /* for people: "RegisterTaskDefinition" */
    const struct endpoint_service *service;
    const struct endpoint *endpoint;
    /* Sent and signed next to Host, X-Amz-Date and X-Amz-Security-Token. */
    const struct http_header *headers;
    size_t n_headers;
    struct str body;
};

/* 0 when the service answered 2xx.  refusal, which may be NULL, tells what it said otherwise. */
int call_send(struct session *session, const struct call *call, struct http_response *response,
              struct service_error *refusal, struct err *err) NODISCARD;

#endif
