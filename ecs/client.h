/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ECS_CLIENT_H
#define ECS_CLIENT_H

/*
 * Operations of the ECS API, one function each, over aws/aws_json.h.
 */

#include <stdint.h>

#include "aws/endpoint.h"
#include "base/attr.h"

struct err;
struct json_t;
struct service_error;
struct session;

struct client {
    struct session *session; /* borrowed */
    struct endpoint endpoint;
};

/* endpoint_url is the command line's, or NULL. */
int client_init(struct client *c, struct session *session, const char *endpoint_url,
                struct err *err) NODISCARD;
void client_done(struct client *c);
#define cleanup_client __attribute__((cleanup(client_done)))

/* Any operation by its name; *out is the whole answer, for json_free(). */
int client_call(struct client *c, const char *operation, const struct json_t *input,
                struct json_t **out, struct service_error *refusal, struct err *err) NODISCARD;

/* What RegisterTaskDefinition made. */
struct client_revision {
    char *arn;
    char *family;
    int64_t revision;
    struct json_t *answer; /* whole */
};

void client_revision_done(struct client_revision *r);
#define cleanup_client_revision __attribute__((cleanup(client_revision_done)))

/* body is a RegisterTaskDefinition request, tags included. */
int client_register(struct client *c, const struct json_t *body, struct client_revision *out,
                    struct service_error *refusal, struct err *err) NODISCARD;

#endif
