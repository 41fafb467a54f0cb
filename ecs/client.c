/* SPDX-License-Identifier: Apache-2.0 */
#include "ecs/client.h"

#include <stdlib.h>

#include "aws/aws_json.h"
#include "aws/session.h"
#include "base/err.h"
#include "base/mem.h"
#include "json/json.h"

static const char target_prefix[] = "AmazonEC2ContainerServiceV20141113";

int
client_init(struct client *c, struct session *session, const char *endpoint_url, struct err *err)
{
    *c = (struct client){.session = session};
    return endpoint_choose(&endpoint_ecs, endpoint_url, session->region, &session->profile,
                           &c->endpoint, err);
}

void
client_done(struct client *c)
{
    endpoint_done(&c->endpoint);
    c->session = NULL;
}

int
client_call(struct client *c, const char *operation, const struct json_t *input,
            struct json_t **out, struct service_error *refusal, struct err *err)
{
    const struct aws_json_call call = {
        .service = &endpoint_ecs,
        .endpoint = &c->endpoint,
        .target_prefix = target_prefix,
        .operation = operation,
    };

    return aws_json_send(c->session, &call, input, out, refusal, err);
}

void
client_revision_done(struct client_revision *r)
{
    free(r->arn);
    free(r->family);
    json_free(r->answer);
    *r = (struct client_revision){0};
}

int
client_register(struct client *c, const struct json_t *body, struct client_revision *out,
                struct service_error *refusal, struct err *err)
{
    cleanup_json struct json_t *answer = NULL;
    struct json_cur root, definition, arn, family, revision;
    const char *arn_text, *family_text;
    int64_t number;

    if (client_call(c, "RegisterTaskDefinition", body, &answer, refusal, err) < 0)
        return -1;
    root = json_root(answer);
    definition = json_at(&root, "taskDefinition");
    arn = json_at(&definition, "taskDefinitionArn");
    family = json_at(&definition, "family");
    revision = json_at(&definition, "revision");
    if (json_get_str(&arn, &arn_text, err) < 0 || json_get_str(&family, &family_text, err) < 0 ||
        json_get_int(&revision, 1, INT32_MAX, &number, err) < 0) {
        err->code = ERR_PROTOCOL;
        return err_wrap(err, "RegisterTaskDefinition: answer");
    }
    *out = (struct client_revision){
        .arn = mem_strdup(arn_text),
        .family = mem_strdup(family_text),
        .revision = number,
        .answer = steal_ptr(&answer),
    };
    return 0;
}
