/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/call.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "aws/creds.h"
#include "aws/endpoint.h"
#include "aws/retry.h"
#include "aws/service_error.h"
#include "aws/session.h"
#include "aws/sigv4.h"
#include "aws/skew.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/secret.h"

/* Host, date, token and authorization come to those of the caller. */
enum { OWN_HEADERS = 4, AUTHORIZATION_MAX = 4 * 1024 };

struct headers {
    struct http_header list[CALL_HEADERS_MAX + OWN_HEADERS];
    size_t n;
};

static void
add(struct headers *h, const char *name, const char *value)
{
    h->list[h->n++] = (struct http_header){name, value};
}

static int
sign(const struct session *session, const struct call *call, const struct creds *creds,
     const struct headers *headers, struct buf *authorization, struct err *err)
{
    struct sigv4_header list[CALL_HEADERS_MAX + OWN_HEADERS];
    const struct sigv4_scope scope = {session->region, call->service->signing_name,
                                      session_now(session)};
    const struct sigv4_request request = {
        .method = STR_LIT("POST"),
        .path = str_from(call->endpoint->path),
        .headers = list,
        .n_headers = headers->n,
        .body = call->body,
    };

    for (size_t i = 0; i < headers->n; i++)
        list[i] = (struct sigv4_header){str_from(headers->list[i].name),
                                        str_from(headers->list[i].value)};
    return sigv4_authorization(&request, &scope, creds, authorization, err);
}

/* One attempt: 0 when an answer arrived, whatever it says. */
static int
send_once(struct session *session, const struct call *call, const struct creds *creds,
          struct http_response *response, struct err *err)
{
    cleanup_buf struct buf authorization = BUF_INIT(AUTHORIZATION_MAX);
    cleanup_buf struct buf url = BUF_INIT(AUTHORIZATION_MAX);
    struct headers headers = {.n = 0};
    char date[32];
    struct http_request request = {
        .method = "POST",
        .headers = headers.list,
        .body = call->body.p,
        .body_size = (int64_t)call->body.n,
        .timeout_ms = session->timeout_ms,
        .connect_timeout_ms = session->timeout_ms,
        .max_body_bytes = CALL_ANSWER_MAX,
        .ca_file = session->ca_file,
    };

    assert(call->n_headers <= CALL_HEADERS_MAX);
    clock_format_compact(session_now(session), date);
    add(&headers, "Host", call->endpoint->host_header);
    add(&headers, "X-Amz-Date", date);
    if (secret_is_set(&creds->token))
        add(&headers, "X-Amz-Security-Token", secret_reveal(&creds->token));
    for (size_t i = 0; i < call->n_headers; i++)
        add(&headers, call->headers[i].name, call->headers[i].value);
    if (sign(session, call, creds, &headers, &authorization, err) < 0)
        return -1;
    add(&headers, "Authorization", buf_cstr(&authorization));
    buf_appendf(&url, "%s/", call->endpoint->url);
    if (buf_finish(&url, err) < 0)
        return -1;
    request.url = buf_cstr(&url);
    request.n_headers = headers.n;
    return http_send(session->http, &request, response, err);
}

/* What became of an attempt. */
struct outcome {
    bool answered;                /* else err of the attempt tells */
    struct service_error refusal; /* when answered and not 2xx */
    enum retry_kind kind;
};

static bool
is_success(const struct http_response *response)
{
    return response->status >= 200 && response->status <= 299;
}

static void
judge(const struct http_response *response, int rc, const struct creds *creds,
      const struct err *err, struct outcome *out)
{
    *out = (struct outcome){.answered = rc == 0};
    if (rc < 0) {
        if (err->code == ERR_NET)
            out->kind = RETRY_TRANSIENT;
        else if (err->code == ERR_TIMEOUT)
            out->kind = RETRY_TIMEOUT;
    } else if (!is_success(response)) {
        service_error_read(response, creds, &out->refusal);
        out->kind = retry_classify(response->status, out->refusal.code);
    }
}

static void
trace(const struct call *call, unsigned attempt, const struct http_response *response,
      const struct outcome *outcome, const struct err *err)
{
    if (!outcome->answered)
        log_debug("%s: attempt %u: %s", call->name, attempt, err->msg);
    else
        log_debug("%s: attempt %u: HTTP %ld, %zu bytes, %s", call->name, attempt, response->status,
                  response->body.n,
                  is_success(response)               ? "done"
                  : outcome->refusal.code[0] != '\0' ? outcome->refusal.code
                                                     : "no error code");
}

/* A wrong clock is put right once: the second wrong signature has another cause. */
static bool
correct_clock(struct session *session, const struct http_response *response,
              const struct outcome *outcome, bool *corrected)
{
    int64_t offset;

    if (*corrected || !skew_is_suspect(outcome->refusal.code) ||
        !skew_measure(http_response_header(response, "date"), clock_unix(session->clock),
                      &offset) ||
        offset == session->clock_offset)
        return false;
    log_debug("the clock is off by %lld seconds: dated by the service's", (long long)offset);
    session->clock_offset = offset;
    *corrected = true;
    return true;
}

static int
give_up(const struct call *call, const struct creds *creds, const struct outcome *outcome,
        unsigned attempts, struct err *err)
{
    /* Where nobody answered, the text names the URL already. */
    if (outcome->answered) {
        service_error_set(&outcome->refusal, creds, err);
        err_wrap(err, "%s", call->endpoint->url);
    }
    if (attempts > 1)
        return err_wrap(err, "%s: attempt %u of %u", call->name, attempts, attempts);
    return err_wrap(err, "%s", call->name);
}

int
call_send(struct session *session, const struct call *call, struct http_response *response,
          struct service_error *refusal, struct err *err)
{
    const struct creds *creds;
    struct outcome outcome;
    bool corrected = false;

    log_debug("%s: POST %s (%s), %zu bytes", call->name, call->endpoint->url, call->endpoint->from,
              call->body.n);
    for (unsigned attempt = 1;; attempt++) {
        struct err why = ERR_INIT;
        int rc;

        if (session_creds(session, &creds, err) < 0)
            return -1;
        http_response_done(response);
        *response = (struct http_response)HTTP_RESPONSE_INIT;
        rc = send_once(session, call, creds, response, &why);
        judge(response, rc, creds, &why, &outcome);
        trace(call, attempt, response, &outcome, &why);
        if (refusal != NULL)
            *refusal = outcome.refusal;
        if (outcome.answered && is_success(response)) {
            retry_succeeded(&session->retry);
            return 0;
        }
        if (correct_clock(session, response, &outcome, &corrected))
            continue;
        if (!retry_wait(&session->retry, attempt, outcome.kind)) {
            *err = why;
            return give_up(call, creds, &outcome, attempt, err);
        }
    }
}
