/* SPDX-License-Identifier: Apache-2.0 */

/* The responses of routes that ask a database. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "server/exchange.h"
#include "server/http_condition.h"
#include "server/http_response.h"
#include "server/json_text.h"
#include "server/loop.h"
#include "server/route.h"
#include "server/sql.h"
#include "server/sql_cache.h"

enum { PROBLEM_MAX = 2048, HEADERS_MAX = 64 * 1024, LINK_MAX = 32 * 1024 };

static const char json_type[] = "application/json";

void
sql_answer_problem(struct exchange *x, unsigned status, const char *detail, unsigned allowed)
{
    struct exchange_reply r = EXCHANGE_REPLY_INIT;
    cleanup_buf struct buf body = BUF_INIT(PROBLEM_MAX);
    const char *reason = http_response_reason(status);
    char allow[128];

    buf_append_str(&body, "{\"title\":");
    json_text_string(&body, str_from(reason + strlen("404 ")));
    buf_appendf(&body, ",\"status\":%u", status);
    if (detail != NULL) {
        buf_append_str(&body, ",\"detail\":");
        json_text_string(&body, str_from(detail));
    }
    buf_append_str(&body, "}\n");
    r.status = status;
    r.type = "application/problem+json";
    r.body = buf_view(&body);
    if (status == 405) {
        route_allow(allowed, allow);
        r.headers = str_from(allow);
    } else if (status == 503) {
        r.headers = STR_LIT("Retry-After: 1\r\n");
    }
    exchange_reply(x, &r);
}

void
sql_answer_options(struct exchange *x, unsigned allowed)
{
    struct exchange_reply r = EXCHANGE_REPLY_INIT;
    char allow[128];

    route_allow(allowed, allow);
    r.status = 204;
    r.headers = str_from(allow);
    exchange_reply(x, &r);
}

static const struct {
    enum err_code code;
    unsigned status;
    const char *detail;
} failures[] = {
    {ERR_TIMEOUT, 504, "the database took too long"},
    {ERR_NET, 503, "the database cannot be reached"},
    {ERR_LIMIT, 503, "the database is busy"},
    {ERR_EXISTS, 409, "it is there already, or belongs to what is not there"},
    {ERR_INVALID, 422, "the database does not take these values"},
};

unsigned
sql_answer_failure(const struct sql_job *job, enum pool_end end, const char **detail)
{
    *detail = NULL;
    if (end != POOL_RAN) {
        *detail = "too many requests wait for the database";
        return 503;
    }
    if (job->base.timed_out && job->result < 0) {
        *detail = failures[0].detail;
        return 504;
    }
    if (job->result == 0 && job->route->is_row && job->rows == 0)
        return 404;
    if (job->result == 0)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        if (job->err.code == failures[i].code) {
            *detail = failures[i].detail;
            return failures[i].status;
        }
    }
    return 500;
}

static void
append_link(const struct sql_job *job, int64_t offset, const char *rel, struct buf *out)
{
    buf_append_str(out, out->n == 0 ? "Link: <" : ", <");
    sql_params_query(job, job->route->page_offset, offset, out);
    buf_appendf(out, ">; rel=\"%s\"", rel);
}

/* A page that is full may have one behind it: only asking for it tells. */
void
sql_answer_link(const struct sql_job *job, struct buf *out)
{
    const struct routefile_route *r = job->route;
    int64_t limit, offset;

    if (r->page_limit < 0)
        return;
    limit = job->values[r->page_limit].i;
    offset = job->values[r->page_offset].i;
    if (limit > 0 && job->rows >= (uint64_t)limit && offset <= INT64_MAX - limit)
        append_link(job, offset + limit, "next", out);
    if (limit > 0 && offset > 0)
        append_link(job, offset > limit ? offset - limit : 0, "prev", out);
    if (out->n > 0)
        buf_append_str(out, "\r\n");
}

void
sql_answer_result(struct exchange *x, const struct sql_job *job)
{
    struct exchange_reply r = EXCHANGE_REPLY_INIT;
    cleanup_buf struct buf headers = BUF_INIT(LINK_MAX);

    sql_answer_link(job, &headers);
    if (job->route->cache_s > 0)
        buf_appendf(&headers, "Cache-Control: max-age=%u\r\n", job->route->cache_s);
    r.status = job->route->status;
    r.headers = buf_view(&headers);
    if (r.status != 204) {
        r.type = json_type;
        r.body = buf_view(&job->out);
    }
    exchange_reply(x, &r);
}

void
sql_answer_entry(struct exchange *x, const struct sql_entry *e, int64_t now_ms)
{
    const struct http_validators validators = {e->etag, HTTP_CONDITION_UNDATED};
    struct exchange_reply r = EXCHANGE_REPLY_INIT;
    cleanup_buf struct buf headers = BUF_INIT(HEADERS_MAX);
    int64_t left_ms = e->expires_ms - now_ms;

    buf_append_view(&headers, e->headers);
    buf_appendf(&headers, "ETag: %s\r\nCache-Control: max-age=%" PRId64 "\r\n", e->etag,
                (left_ms + 999) / 1000);
    r.headers = buf_view(&headers);
    r.status = http_condition(x->request, &validators, x->now_unix);
    if (r.status == 200) {
        r.type = json_type;
        r.body = e->body;
    }
    exchange_reply(x, &r);
}
