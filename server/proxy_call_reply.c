/* SPDX-License-Identifier: Apache-2.0 */

/* The answer of an upstream on its way to the client. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/err.h"
#include "server/conn.h"
#include "server/exchange.h"
#include "server/proxy_call.h"
#include "server/proxy_head.h"
#include "server/settings.h"

enum {
    ROOM_MIN = 4 * 1024,
    PARTS_MAX = 16,             /* read before other connections get their turn */
    INTERIM_MAX = 32,           /* answers before the answer */
    FULL_WHEN_SHORT = 32 * 1024 /* bytes for a client when memory is short */
};

enum step { STEP_ON, STEP_MORE, STEP_ENDED };

static enum step
fail(struct proxy_call *c, const char *why)
{
    proxy_call_fail(c, 502, why);
    return STEP_ENDED;
}

/* The whole answer has come.  The connection is good for another request only when this one was
 * taken whole. */
static enum step
finish(struct proxy_call *c)
{
    struct exchange *x = c->x;
    bool keep = c->parser.reply.keep_alive && c->framing != HTTP_REPLY_BODY_CLOSE &&
                c->body_whole && !c->send_broken && proxy_call_unsent(c) == 0;

    if (keep) {
        proxy_link_keep(c->link);
        c->link = NULL;
    }
    proxy_call_drop_link(c);
    proxy_call_free(c);
    exchange_end(x);
    return STEP_ENDED;
}

/* The client's socket and the upstream's speak for themselves from now on. */
static enum step
upgrade(struct proxy_call *c)
{
    struct proxy *p = c->route->proxy;
    const struct http_reply *r = &c->parser.reply;
    struct tunnel_end client, upstream;

    if (!c->websocket || !str_eq_nocase(http_reply_parse_str(r, r->upgrade), "websocket"))
        return fail(c, "it changed the protocol, which was not asked for");
    if (!proxy_head_reply(r, &p->fields))
        return fail(c, "a head with too many fields");
    client.fd = exchange_detach(c->x, &upstream.out, &client.out);
    iobuf_append_view(&client.out, STR_LIT("HTTP/1.1 101 Switching Protocols\r\n"));
    iobuf_append_view(&client.out, buf_view(&p->fields));
    iobuf_append_view(&client.out, STR_LIT("Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"));
    iobuf_consume(&c->link->in, r->size);
    if (iobuf_n(&c->link->in) > 0)
        iobuf_append(&client.out, c->link->in.p + c->link->in.start, iobuf_n(&c->link->in));
    proxy_upstream_answered(c->upstream);
    upstream.fd = proxy_link_detach(c->link);
    c->link = NULL;
    proxy_call_drop_link(c);
    proxy_call_free(c);
    tunnel_open(&p->tunnels, client, upstream);
    return STEP_ENDED;
}

/* NULL is the usual one, which costs the head less. */
static const char *
reason_of(const struct http_reply *r, struct buf *room)
{
    struct str reason = http_reply_parse_str(r, r->reason);

    if (r->status == 200 && str_eq(reason, "OK"))
        return NULL;
    buf_clear(room);
    buf_append_view(room, reason);
    return buf_cstr(room);
}

static void
begin(struct proxy_call *c)
{
    const struct http_reply *r = &c->parser.reply;
    struct proxy *p = c->route->proxy;
    struct exchange_head head = {
        .status = r->status,
        .reason = reason_of(r, &p->reason),
        .headers = buf_view(&p->fields),
        .has_length = r->has_length,
        .length = r->content_length,
        .has_date = r->has_date,
        .has_server = r->has_server,
    };

    c->x->upstream_us = clock_monotonic_us(clock_system()) - c->asked_us;
    c->framing = http_reply_parse_body(r, c->x->request->method);
    c->left = r->content_length;
    http_chunk_init(&c->chunk);
    exchange_begin(c->x, &head);
    c->state = PROXY_REPLY;
}

/* A head is whole. */
static enum step
take_head(struct proxy_call *c)
{
    struct proxy *p = c->route->proxy;
    const struct http_reply *r = &c->parser.reply;

    buf_clear(&p->fields);
    if (r->status == 101)
        return upgrade(c);
    if (r->status < 200) {
        if (++c->interim > INTERIM_MAX)
            return fail(c, "too many answers before the answer");
        iobuf_consume(&c->link->in, r->size);
        http_reply_parse_init(&c->parser, p->links.settings->head_bytes);
        return STEP_ON;
    }
    if (!proxy_head_reply(r, &p->fields))
        return fail(c, "a head with too many fields");
    proxy_upstream_answered(c->upstream);
    begin(c);
    iobuf_consume(&c->link->in, r->size);
    proxy_call_release_request(c);
    return STEP_ON;
}

static enum step
read_head(struct proxy_call *c)
{
    struct iobuf *in = &c->link->in;

    if (iobuf_n(in) == 0)
        return STEP_MORE;
    switch (http_reply_parse(&c->parser, in->p + in->start, iobuf_n(in))) {
    case HTTP_REPLY_DONE:
        return take_head(c);
    case HTTP_REPLY_MORE:
        return STEP_MORE;
    default:
        return fail(c, c->parser.why);
    }
}

static enum step
read_chunk(struct proxy_call *c)
{
    struct iobuf *in = &c->link->in;
    struct str data = {NULL, 0};
    size_t used = 0;
    int result = http_chunk_decode(&c->chunk, in->p + in->start, iobuf_n(in), &used, &data);

    if (result == HTTP_CHUNK_DATA)
        exchange_write(c->x, data);
    iobuf_consume(in, used);
    if (result == HTTP_CHUNK_DONE)
        return finish(c);
    if (result > HTTP_CHUNK_DATA)
        return fail(c, "broken chunks");
    return result == HTTP_CHUNK_DATA ? STEP_ON : STEP_MORE;
}

static enum step
read_body(struct proxy_call *c)
{
    struct iobuf *in = &c->link->in;
    size_t n = iobuf_n(in);

    switch (c->framing) {
    case HTTP_REPLY_BODY_NONE:
        return finish(c);
    case HTTP_REPLY_BODY_CHUNKED:
        return n > 0 ? read_chunk(c) : STEP_MORE;
    case HTTP_REPLY_BODY_LENGTH:
        if (c->left == 0)
            return finish(c);
        n = c->left < n ? (size_t)c->left : n;
        c->left -= n;
        break;
    case HTTP_REPLY_BODY_CLOSE:
        break;
    }
    if (n == 0)
        return STEP_MORE;
    exchange_write(c->x, (struct str){in->p + in->start, n});
    iobuf_consume(in, n);
    return STEP_ON;
}

/* The upstream will send no more. */
static void
on_end(struct proxy_call *c, int code)
{
    if (c->state == PROXY_REPLY && c->framing == HTTP_REPLY_BODY_CLOSE && code == 0)
        finish(c);
    else if (c->state == PROXY_REPLY)
        proxy_call_fail(c, 502,
                        code != 0 ? strerror(code) : "it closed in the middle of an answer");
    else if (!proxy_call_redial(c))
        proxy_call_fail(c, 502, code != 0 ? strerror(code) : "it closed before it answered");
}

/* Bytes that came, 0 when none did for now, -1 when the call has ended or begins anew. */
static ssize_t
fill(struct proxy_call *c)
{
    struct proxy_link *l = c->link;
    char *room = iobuf_room(&l->in, ROOM_MIN);
    size_t space = iobuf_space(&l->in);
    ssize_t n;

    do
        n = recv(l->source.fd, room, space, 0);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
        c->heard_any = true;
        l->in.end += (size_t)n;
        /* Edge-triggered: after a short read the next byte, or the end, is a new event. */
        l->readable = (size_t)n == space || l->peer_closing;
        return n;
    }
    if (n < 0 && errno == EAGAIN) {
        l->readable = false;
        if (iobuf_n(&l->in) == 0)
            iobuf_release(&l->in);
        return 0;
    }
    on_end(c, n < 0 ? errno : 0);
    return -1;
}

static bool
is_full(const struct proxy_call *c)
{
    const struct proxy *p = c->route->proxy;
    uint64_t most = p->links.settings->buffer;

    if (c->state != PROXY_REPLY)
        return false;
    if (most > FULL_WHEN_SHORT && conn_group_is_full(p->group))
        most = FULL_WHEN_SHORT;
    return exchange_pending(c->x) > most;
}

/* All that is in the buffer; false: the call has ended, or the client must take some first. */
static bool
pass_on(struct proxy_call *c)
{
    for (;;) {
        enum step step;

        c->full = is_full(c);
        if (c->full)
            return false;
        step = c->state == PROXY_REPLY ? read_body(c) : read_head(c);
        if (step != STEP_ON)
            return step == STEP_MORE;
    }
}

void
proxy_call_read(struct proxy_call *c)
{
    struct proxy_link *l = c->link;

    for (int i = 0; i < PARTS_MAX; i++) {
        ssize_t n;

        if (!pass_on(c)) {
            /* When the call has ended, the link is not its own any more. */
            if (l->call == c && c->full)
                proxy_call_wait(c);
            return;
        }
        if (iobuf_n(&l->in) == 0)
            iobuf_release(&l->in);
        n = l->readable ? fill(c) : 0;
        if (n < 0)
            return;
        if (n == 0) {
            proxy_call_wait(c);
            return;
        }
    }
    proxy_call_wait(c);
    loop_defer(c->route->proxy->loop, &c->task);
}
