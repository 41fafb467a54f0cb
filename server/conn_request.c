/* SPDX-License-Identifier: Apache-2.0 */

/* From a parsed request to the one that answers it. */

#include <unistd.h>

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

    x->request = r;
    x->route = NULL;
    if (r->method == HTTP_METHOD_OTHER || r->method == HTTP_CONNECT)
        return 501;
    if (r->form == HTTP_FORM_ASTERISK)
        return 204;
    switch (http_target_path(http_parse_str(r, r->path), g->path_room, &x->path)) {
    case HTTP_PATH_BAD:
        return 400;
    case HTTP_PATH_SLASH:
        return 404;
    case HTTP_PATH_OK:
        break;
    }
    x->route = route_find(g->routes, x->path, &x->rest);
    if (x->route == NULL)
        return 404;
    if (r->method == HTTP_OPTIONS)
        return 204;
    return (x->route->handler->methods & r->method) != 0 ? 0 : 405;
}

void
conn_request(struct conn *c)
{
    const struct http_request *r = &c->parser.request;
    uint64_t limit = c->group->settings->body_bytes;

    c->keep = r->keep_alive;
    c->client_done = !r->keep_alive;
    c->verdict = find_route(c);
    if (!r->chunked && r->content_length == 0) {
        conn_respond(c);
        return;
    }
    /* No handler takes a body.  One that is too large to be read for nothing, or that the client
     * offers to keep, is not waited for. */
    if (r->content_length > limit) {
        conn_refuse(c, c->verdict >= 400 ? c->verdict : 413);
        return;
    }
    if (r->expects_continue) {
        c->keep = false;
        c->client_done = false;
        conn_respond(c);
        return;
    }
    c->state = CONN_BODY;
    c->body_left = r->chunked ? limit : r->content_length;
    http_chunk_init(&c->chunk);
}

void
conn_respond(struct conn *c)
{
    struct conn_group *g = c->group;

    /* The path may have moved with the buffer while the body was read. */
    if (c->state == CONN_BODY)
        c->verdict = find_route(c);
    c->state = CONN_HANDLE;
    c->x.now_unix = g->loop->now_unix;
    c->x.scratch = &g->scratch;
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
    c->keep = false;
    c->client_done = false;
    c->parser.request.size = (uint32_t)iobuf_n(&c->in);
    c->x.request = &c->parser.request;
    if (status != 405)
        c->x.route = NULL;
    exchange_status(&c->x, status);
}
