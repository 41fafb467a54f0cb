/* SPDX-License-Identifier: Apache-2.0 */
#include "server/exchange.h"

#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "server/conn.h"
#include "server/http_chars.h"
#include "server/http_response.h"
#include "server/route.h"
#include "server/settings.h"

/* The longest request line there may be (options.c), each byte of it escaped. */
enum { LOCATION_MAX = 3 * 64 * 1024 + 64 };

static struct conn *
conn_of(struct exchange *x)
{
    return (struct conn *)((char *)x - offsetof(struct conn, x));
}

static const char *
date_of(struct conn_group *g)
{
    if (g->date_unix != g->loop->now_unix) {
        g->date_unix = g->loop->now_unix;
        clock_format_http(g->date_unix, g->date);
    }
    return g->date;
}

static void
write_head(struct conn *c, const struct exchange_reply *r)
{
    struct http_response head = {
        .status = r->status,
        .type = r->type,
        .headers = r->headers,
        .has_length = r->status != 204 && r->status != 304,
        .length = r->body.n + r->file_bytes,
    };

    if (!c->keep)
        head.connection = HTTP_CONNECTION_CLOSE;
    else if (c->parser.request.minor == 0)
        head.connection = HTTP_CONNECTION_KEEP;
    http_response_head(&head, date_of(c->group), &c->out);
}

static void
attach_file(struct conn *c, const struct exchange_reply *r, bool wanted)
{
    if (wanted && r->file_bytes > 0) {
        c->file = r->file;
        c->file_at = r->file_at;
        c->file_left = r->file_bytes;
    } else if (r->file >= 0) {
        close(r->file);
    }
}

void
exchange_reply(struct exchange *x, const struct exchange_reply *r)
{
    struct conn *c = conn_of(x);
    struct conn_group *g = c->group;
    bool wants_body = c->parser.request.method != HTTP_HEAD && r->status != 204 && r->status != 304;

    c->keep = c->keep && !g->draining;
    write_head(c, r);
    if (wants_body)
        iobuf_append_view(&c->out, r->body);
    attach_file(c, r, wants_body);

    iobuf_consume(&c->in, c->parser.request.size);
    http_parse_init(&c->parser, &g->settings->http);
    timeout_disarm(&c->timeout);
    c->served = true;
    c->state = c->file_left > 0 || !c->keep ? CONN_SEND : CONN_HEAD;
    if (!c->running)
        loop_defer(g->loop, &c->task);
}

void
exchange_status(struct exchange *x, unsigned status)
{
    struct exchange_reply r = EXCHANGE_REPLY_INIT;
    char text[64];
    char allow[128];

    r.status = status;
    if (status == 405 || status == 204) {
        route_allow(x->route != NULL ? x->route->handler->methods : HTTP_GET | HTTP_HEAD, allow);
        r.headers = str_from(allow);
    } else if (status == 503) {
        r.headers = STR_LIT("Retry-After: 1\r\n");
    }
    if (status != 204) {
        snprintf(text, sizeof(text), "%s\n", http_response_reason(status));
        r.type = "text/plain; charset=utf-8";
        r.body = str_from(text);
    }
    exchange_reply(x, &r);
}

void
exchange_redirect(struct exchange *x, struct str path)
{
    struct exchange_reply r = EXCHANGE_REPLY_INIT;
    struct str query = http_parse_str(x->request, x->request->query);
    cleanup_buf struct buf location = BUF_INIT(LOCATION_MAX);

    buf_append_str(&location, "Location: ");
    for (size_t i = 0; i < path.n; i++) {
        char c = path.p[i];

        /* The path is unescaped: a '%' in it is one of its own. */
        if (c != '%' && http_chars_is(c, HTTP_CHAR_PATH))
            buf_append_char(&location, c);
        else
            buf_appendf(&location, "%%%02X", (unsigned char)c);
    }
    if (x->request->has_query) {
        buf_append_char(&location, '?');
        buf_append_view(&location, query);
    }
    buf_append_str(&location, "\r\n");
    r.status = 301;
    r.headers = buf_view(&location);
    exchange_reply(x, &r);
}
