/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/aws_json.h"

#include <stddef.h>

#include "aws/call.h"
#include "aws/endpoint.h"
#include "aws/service_error.h"
#include "aws/session.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "json/json.h"

enum { INPUT_MAX = 4 * 1024 * 1024, EXCERPT_SIZE = 80, MASKED_MAX = 64 * 1024 };

/* The beginning of an answer that is none of ours, as one line: enough to recognise the page of a
 * proxy. */
static void
excerpt(struct str body, char out[EXCERPT_SIZE])
{
    size_t n = 0;

    while (n < body.n && n < EXCERPT_SIZE - 1) {
        unsigned char c = (unsigned char)body.p[n];

        out[n++] = c <= ' ' || c > '~' ? ' ' : (char)c;
    }
    out[n] = '\0';
}

static int
parse_answer(const struct http_response *response, const struct creds *creds, struct json_t **out,
             struct err *err)
{
    cleanup_buf struct buf masked = BUF_INIT(MASKED_MAX);
    struct err why = ERR_INIT;
    struct str body = buf_view(&response->body);
    struct json_t *doc = json_parse(body, "answer", &why);
    struct json_cur root = json_root(doc);
    char beginning[EXCERPT_SIZE];

    if (doc == NULL || !json_is_object(&root)) {
        json_free(doc);
        /* Masked before it is cut: what echoes the request shows the session token. */
        excerpt(service_error_masked(body, creds, &masked), beginning);
        return err_set(err, ERR_PROTOCOL,
                       "HTTP %ld, but no JSON object (a proxy, or another service?): '%s'",
                       response->status, beginning);
    }
    *out = doc;
    return 0;
}

int
aws_json_send(struct session *session, const struct aws_json_call *call, const struct json_t *input,
              struct json_t **out, struct service_error *refusal, struct err *err)
{
    cleanup_http_response struct http_response response = HTTP_RESPONSE_INIT;
    cleanup_buf struct buf body = BUF_INIT(INPUT_MAX);
    cleanup_free char *target = mem_printf("%s.%s", call->target_prefix, call->operation);
    const struct creds *creds;
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
                  &response, refusal, err) < 0 ||
        session_creds(session, &creds, err) < 0)
        return -1;
    if (parse_answer(&response, creds, out, err) < 0)
        return err_wrap(err, "%s: %s", call->operation, call->endpoint->url);
    return 0;
}
