/* SPDX-License-Identifier: Apache-2.0 */

/* The request of a call on its way to the upstream. */

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "server/exchange.h"
#include "server/proxy_call.h"
#include "server/proxy_head.h"
#include "server/settings.h"

enum { SIZE_LINE_MAX = 20 };

/* What has come of a body of unknown length, as its first chunk. */
static void
frame_body(struct proxy_call *c)
{
    struct iobuf framed = {.pool = c->body.pool};
    char size[SIZE_LINE_MAX];

    c->body_framed = true;
    if (iobuf_n(&c->body) == 0)
        return;
    iobuf_append(&framed, size, (size_t)snprintf(size, sizeof(size), "%zx\r\n", iobuf_n(&c->body)));
    iobuf_append(&framed, c->body.p + c->body.start, iobuf_n(&c->body));
    iobuf_append_view(&framed, STR_LIT("\r\n"));
    iobuf_release(&c->body);
    c->body = framed;
}

/* A body that is whole goes with its length, whichever way it came: applications that read no
 * chunks are many. */
static unsigned
write_head(struct proxy_call *c)
{
    const struct http_request *r = c->x->request;
    const struct settings *s = c->route->proxy->settings;
    struct proxy_head h = {
        .request = r,
        .peer = c->x->peer,
        .trusted = forwarded_trusts(&s->trust, c->x->peer),
        .path = str_from(c->path),
        .host =
            str_from(c->upstream->server->host != NULL ? c->upstream->server->host : "localhost"),
        .websocket = c->websocket,
        .length = r->content_length,
    };

    if (c->body_framed) {
        h.body = PROXY_HEAD_CHUNKED;
    } else if (c->has_body && !c->body_whole) {
        h.body = r->chunked ? PROXY_HEAD_CHUNKED : PROXY_HEAD_LENGTH;
        if (r->chunked)
            frame_body(c);
    } else if (r->chunked) {
        h.body = PROXY_HEAD_LENGTH;
        h.length = iobuf_n(&c->body);
    } else if (r->has_length) {
        h.body = PROXY_HEAD_LENGTH;
    }
    if (s->log.request_id)
        h.id = exchange_id(c->x);
    c->head_written = true;
    return proxy_head_request(&h, &c->head);
}

void
proxy_call_append(struct proxy_call *c, struct str part, bool last)
{
    char size[SIZE_LINE_MAX];

    if (!c->body_framed) {
        iobuf_append_view(&c->body, part);
        return;
    }
    if (part.n > 0) {
        iobuf_append(&c->body, size, (size_t)snprintf(size, sizeof(size), "%zx\r\n", part.n));
        iobuf_append_view(&c->body, part);
        iobuf_append_view(&c->body, STR_LIT("\r\n"));
    }
    if (last)
        iobuf_append_view(&c->body, STR_LIT("0\r\n\r\n"));
}

size_t
proxy_call_unsent(const struct proxy_call *c)
{
    return iobuf_n(&c->head) - c->head_sent + iobuf_n(&c->body) - c->body_sent;
}

static void
count_sent(struct proxy_call *c, size_t n)
{
    size_t head = iobuf_n(&c->head) - c->head_sent;
    size_t of_head = n < head ? n : head;

    c->sent_any = true;
    c->head_sent += of_head;
    /* What waits for an answer holds no buffer. */
    if (of_head > 0 && of_head == head) {
        iobuf_release(&c->head);
        c->head_sent = 0;
    }
    c->body_sent += n - of_head;
    /* A body that is still coming has no place to be kept whole. */
    if (c->body_whole && !c->body_gone)
        return;
    if (c->body_sent > 0)
        c->body_gone = true;
    iobuf_consume(&c->body, c->body_sent);
    c->body_sent = 0;
    if (iobuf_n(&c->body) == 0)
        iobuf_release(&c->body);
}

void
proxy_call_release_request(struct proxy_call *c)
{
    if (!c->body_whole || proxy_call_unsent(c) > 0)
        return;
    iobuf_release(&c->head);
    iobuf_release(&c->body);
    c->head_sent = c->body_sent = 0;
}

static struct iovec
unsent_of(const struct iobuf *b, size_t sent)
{
    return (struct iovec){b->p != NULL ? b->p + b->start + sent : NULL, iobuf_n(b) - sent};
}

/* The head, what is there of the body, or both.  Nearly all requests have no body, and a plain
 * send() is the cheaper call. */
static ssize_t
send_parts(struct proxy_call *c)
{
    struct iovec parts[2] = {unsent_of(&c->head, c->head_sent), unsent_of(&c->body, c->body_sent)};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = ARRAY_LEN(parts)};
    int fd = c->link->source.fd;

    if (parts[1].iov_len == 0)
        return send(fd, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL);
    if (parts[0].iov_len == 0)
        return send(fd, parts[1].iov_base, parts[1].iov_len, MSG_NOSIGNAL);
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static void
resume_body(struct proxy_call *c)
{
    if (!c->paused || proxy_call_unsent(c) > c->route->proxy->links.settings->request_buffer / 2)
        return;
    c->paused = false;
    exchange_body_resume(c->x);
}

/* The upstream may have answered before it closed. */
static bool
send_failed(struct proxy_call *c)
{
    c->send_broken = true;
    c->link->readable = true;
    c->link->peer_closing = true;
    if (c->paused)
        exchange_body_resume(c->x);
    c->paused = false;
    proxy_call_read(c);
    return false;
}

bool
proxy_call_send(struct proxy_call *c)
{
    if (!c->head_written) {
        unsigned status = write_head(c);

        if (status != 0) {
            proxy_call_drop_link(c);
            proxy_call_answer(c, status);
            return false;
        }
    }
    while (!c->send_broken && proxy_call_unsent(c) > 0) {
        ssize_t n = send_parts(c);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0)
            return send_failed(c);
        count_sent(c, (size_t)n);
    }
    if (!proxy_link_watch_out(c->link, !c->send_broken && proxy_call_unsent(c) > 0)) {
        proxy_call_fail(c, 502, strerror(errno));
        return false;
    }
    resume_body(c);
    proxy_call_wait(c);
    return true;
}

void
proxy_call_wait(struct proxy_call *c)
{
    bool sending = !c->send_broken && proxy_call_unsent(c) > 0;
    bool answering = c->body_whole || c->send_broken || c->state == PROXY_REPLY;

    if (sending || (answering && !c->full))
        proxy_link_wait(c->link);
    else
        proxy_link_rest(c->link);
}
