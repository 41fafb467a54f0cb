/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_AWS_JSON_H
#define AWS_AWS_JSON_H

/* The protocol "AWS JSON 1.1": an operation is named in X-Amz-Target, input and output are JSON
 * objects. */

#include "base/attr.h"

struct endpoint;
struct endpoint_service;
struct err;
struct json_t;
struct service_error;
struct session;

struct aws_json_call {
    const struct endpoint_service *service;
    const struct endpoint *endpoint;
    const char *target_prefix; /* "AmazonEC2ContainerServiceV20141113" */
    const char *operation;     /* "RegisterTaskDefinition" */
};

/* *out is the answer, always an object, for json_free().  refusal, which may be NULL, tells what
 * the service said when it is the one that refused. */
int aws_json_send(struct session *session, const struct aws_json_call *call,
                  const struct json_t *input, struct json_t **out, struct service_error *refusal,
                  struct err *err) NODISCARD;

#endif
