/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/aws_json.h"

#include <stddef.h>

#include "aws/call.h"
#include "aws/endpoint.h"
#include "aws/service_error.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "json/json.h"

enum { INPUT_MAX = 4 * 1024 * 1024 };

static int
parse_answer(const struct http_response *response, struct json_t **out, struct err *err)
{
    cleanup_json struct json_t *doc = json_parse(buf_view(&response->body), "answer", err);
    struct json_cur root;

    if (doc == NULL) {
        err->code = ERR_PROTOCOL;
        return err_wrap(err, "HTTP %ld, but not with JSON", response->status);
    }
    root = json_root(doc);
    if (json_need_object(&root, err) < 0) {
        err->code = ERR_PROTOCOL;
        return err_wrap(err, "answer");
    }
    *out = steal_ptr(&doc);
    return 0;
}

int
aws_json_send(struct session *session, const struct aws_json_call *call, const struct json_t *input,
              struct json_t **out, struct service_error *refusal, struct err *err)
{
    cleanup_http_response struct http_response response = HTTP_RESPONSE_INIT;
    cleanup_buf struct buf body = BUF_INIT(INPUT_MAX);
    cleanup_free char *target = mem_printf("%s.%s", call->target_prefix, call->operation);
    const struct http_header headers[] = {
        {"Content-Type", "application/x-amz-json-1.1"},
        {"X-Amz-Target", target},
    };

    if (refusal != NULL)
        *refusal = (struct service_error){.status = 0};
    json_write(input, JSON_COMPACT, &body);
    if (buf_finish(&body, err) < 0)
        return err_wrap(err, "%s: input", call->operation);
    if (call_send(session,
                  &(struct call){
                      .name = call->operation,
                      .service = call->service,
                      .endpoint = call->endpoint,
                      .headers = headers,
                      .n_headers = ARRAY_LEN(headers),
                      .body = buf_view(&body),
                  },
                  &response, refusal, err) < 0)
        return -1;
    if (parse_answer(&response, out, err) < 0)
        return err_wrap(err, "%s at %s", call->operation, call->endpoint->url);
    return 0;
}
