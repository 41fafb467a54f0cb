/* SPDX-License-Identifier: Apache-2.0 */

/* From a parsed request to the one that answers it. */

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "server/bytes.h"
#include "server/conn.h"
#include "server/route.h"
#include "server/settings.h"

/* 0 when a handler shall answer. */
static unsigned
find_route(struct conn *c)
{
    const struct http_request *r = &c->parser.request;
    struct conn_group *g = c->group;
    struct exchange *x = &c->x;
    enum http_path_result result = HTTP_PATH_OK;

    x->route = NULL;
    if (r->method == HTTP_CONNECT)
        return 501;
    if (r->form == HTTP_FORM_ASTERISK)
        return 204;
    x->path = http_parse_str(r, r->path);
    if (!r->plain_path)
        result = http_target_path(x->path, g->path_room, &x->path);
    if (result == HTTP_PATH_BAD)
        return r->method == HTTP_METHOD_OTHER ? 501 : 400;
    x->route = route_find(g->routes, x->path, &x->rest);
    if (result == HTTP_PATH_SLASH && x->route != NULL && !x->route->handler->raw_path)
        x->route = NULL;
    if (r->method == HTTP_METHOD_OTHER &&
        (x->route == NULL || (x->route->handler->methods & HTTP_METHOD_OTHER) == 0)) {
        x->route = NULL;
        return 501;
    }
    if (c->surplus && (x->route == NULL || !x->route->handler->probe))
        return 503;
    if (x->route == NULL)
        return 404;
    if ((x->route->handler->methods & r->method) != 0)
        return 0;
    return r->method == HTTP_OPTIONS ? 204 : 405;
}

static enum handler_body
body_mode(const struct conn *c)
{
    return c->verdict == 0 ? c->x.route->handler->body : HANDLER_BODY_DROP;
}

/* Whether the client must be told to go on before it sends its body. */
static void
invite_body(struct conn *c)
{
    if (c->parser.request.expects_continue && iobuf_n(&c->in) == c->parser.request.size)
        iobuf_append_view(&c->out, STR_LIT("HTTP/1.1 100 Continue\r\n\r\n"));
}

static void
begin_exchange(struct conn *c)
{
    bytes_clear(&c->x, offsetof(struct exchange, id) + 1);
    c->x.request = &c->parser.request;
    c->x.peer = &c->peer;
    c->x.upstream_us = -1;
    c->x.begun_us = c->group->loop->now_us;
    timeout_disarm(&c->timeout);
    c->body_kept = 0;
    c->taking = c->paused = c->began = c->ended = c->drain_wanted = false;
}

void
conn_request(struct conn *c)
{
    const struct http_request *r = &c->parser.request;
    uint64_t limit = c->group->settings->body_bytes;

    begin_exchange(c);
    c->keep = r->keep_alive && !c->surplus;
    c->client_done = !r->keep_alive;
    c->verdict = find_route(c);
    if (!r->chunked && r->content_length == 0) {
        conn_respond(c);
        return;
    }
    if (r->content_length > limit) {
        conn_refuse(c, c->verdict >= 400 ? c->verdict : 413);
        return;
    }
    c->body_left = r->chunked ? limit : r->content_length;
    http_chunk_init(&c->chunk);
    switch (body_mode(c)) {
    case HANDLER_BODY_DROP:
        /* One that the client offers to keep is not waited for. */
        if (r->expects_continue) {
            c->keep = false;
            c->client_done = false;
            conn_respond(c);
            return;
        }
        break;
    case HANDLER_BODY_BUFFER:
        invite_body(c);
        break;
    case HANDLER_BODY_STREAM:
        invite_body(c);
        c->taking = true;
        conn_respond(c);
        return;
    }
    c->state = CONN_BODY;
}

void
conn_respond(struct conn *c)
{
    struct conn_group *g = c->group;
    const struct http_request *r = &c->parser.request;

    /* The path may have moved with the buffer while the body was read. */
    if (c->state == CONN_BODY)
        c->verdict = find_route(c);
    c->state = CONN_HANDLE;
    timeout_disarm(&c->timeout);
    c->x.now_unix = g->loop->now_unix;
    c->x.scratch = &g->scratch;
    c->x.body = (struct str){r->base + r->size, c->body_kept};
    if (c->verdict != 0) {
        exchange_status(&c->x, c->verdict);
        return;
    }
    buf_clear(&g->scratch);
    g->requests++;
    c->x.route->handler->respond(&c->x);
}

void
conn_refuse(struct conn *c, unsigned status)
{
    if (c->state != CONN_HANDLE && c->state != CONN_BODY)
        begin_exchange(c);
    c->keep = false;
    c->client_done = false;
    c->parser.request.size = (uint32_t)iobuf_n(&c->in);
    c->body_kept = 0;
    c->state = CONN_HANDLE;
    if (status != 405)
        c->x.route = NULL;
    exchange_status(&c->x, status);
}

/*
 * The next part of the body, which lies `at` bytes behind the start of what was read.
 * HTTP_CHUNK_DATA, HTTP_CHUNK_DONE, HTTP_CHUNK_MORE, or a status; *used bytes from there can go
 * when *data was used.
 */
static int
next_part(struct conn *c, size_t at, size_t *used, struct str *data)
{
    const char *p = c->in.p + c->in.start + at;
    size_t n = iobuf_n(&c->in) - at;
    int result;

    *used = 0;
    *data = (struct str){p, 0};
    if (!c->parser.request.chunked) {
        if (c->body_left == 0)
            return HTTP_CHUNK_DONE;
        *used = data->n = c->body_left < n ? (size_t)c->body_left : n;
        c->body_left -= *used;
        return *used > 0 ? HTTP_CHUNK_DATA : HTTP_CHUNK_MORE;
    }
    result = http_chunk_decode(&c->chunk, p, n, used, data);
    if (result != HTTP_CHUNK_DATA)
        data->n = 0;
    if (data->n + http_chunk_announced(&c->chunk) > c->body_left)
        return result > HTTP_CHUNK_DATA ? result : 413;
    c->body_left -= data->n;
    return result;
}

/* All that has come, in one pass: chunks of one byte each must not move all that is behind them as
 * often as there are chunks.  As next_part(), but never HTTP_CHUNK_DATA. */
static int
take_parts(struct conn *c, bool keeps)
{
    size_t to = c->parser.request.size + c->body_kept;
    size_t from = to;
    struct str data;
    size_t used;
    int result;

    do {
        result = next_part(c, from, &used, &data);
        c->x.received += data.n;
        if (keeps) {
            memmove(c->in.p + c->in.start + to, data.p, data.n);
            to += data.n;
        }
        from += used;
    } while (result == HTTP_CHUNK_DATA);
    c->body_kept = keeps ? to - c->parser.request.size : 0;
    iobuf_cut(&c->in, to, from - to);
    return result;
}

bool
conn_body(struct conn *c)
{
    bool keeps = body_mode(c) == HANDLER_BODY_BUFFER;
    int result = take_parts(c, keeps);

    if (result == HTTP_CHUNK_DONE)
        conn_respond(c);
    else if (result != HTTP_CHUNK_MORE)
        conn_refuse(c, (unsigned)result);
    else if (keeps && conn_group_is_full(c->group))
        conn_refuse(c, 503);
    return c->state != CONN_BODY;
}

bool
conn_stream(struct conn *c)
{
    struct str data;
    size_t used;
    int result = next_part(c, c->parser.request.size, &used, &data);

    if (result > HTTP_CHUNK_DATA) {
        const struct handler *h = c->x.route->handler;

        h->on_abort(&c->x);
        if (c->began) {
            c->ended = true;
            conn_close(c);
        } else {
            conn_refuse(c, (unsigned)result);
        }
        return true;
    }
    c->x.received += data.n;
    if (result == HTTP_CHUNK_DONE) {
        c->taking = false;
        timeout_disarm(&c->timeout);
    }
    if (result != HTTP_CHUNK_MORE)
        c->x.route->handler->on_body(&c->x, data, result == HTTP_CHUNK_DONE);
    /* The handler may have ended the connection. */
    if (c->state == CONN_HANDLE)
        iobuf_cut(&c->in, c->parser.request.size, used);
    return result != HTTP_CHUNK_MORE;
}
