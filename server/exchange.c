/* SPDX-License-Identifier: Apache-2.0 */
#include "server/exchange.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/buf.h"
#include "server/bytes.h"
#include "server/conn.h"
#include "server/http_chars.h"
#include "server/http_response.h"
#include "server/route.h"
#include "server/settings.h"

/* The longest request line there may be (options.c), each byte of it escaped. */
enum { LOCATION_MAX = 3 * 64 * 1024 + 64, SIZE_LINE_MAX = 20, DIRECT_MIN = 4096 };

static struct conn *
conn_of(const struct exchange *x)
{
    return (struct conn *)((const char *)x - offsetof(struct conn, x));
}

/* What the request and the state of the worker make of the handler's wishes. */
static void
send_head(struct conn *c, struct http_response *head)
{
    bool old = c->parser.request.minor == 0;
    size_t before;

    assert(!c->began && !c->ended);
    c->began = true;
    c->x.status = head->status;
    c->bodyless = c->parser.request.method == HTTP_HEAD || head->status == 204 ||
                  head->status == 304 || head->status < 200;
    c->has_length = head->has_length;
    c->length_left = head->length;
    if (head->status == 204 || head->status < 200)
        head->has_length = false;
    c->chunked = !c->has_length && !c->bodyless && !old;
    head->chunked = c->chunked;
    /* A body that the client has not sent to its end would be read as the next request. */
    c->keep = c->keep && !c->group->draining && (c->has_length || c->bodyless || !old);
    if (!c->keep)
        head->connection = HTTP_CONNECTION_CLOSE;
    else if (old)
        head->connection = HTTP_CONNECTION_KEEP;
    http_response_lines(&c->group->lines, c->group->loop->now_unix);
    if (c->group->account.answers_id)
        account_head(&c->group->account, &c->x, head);
    before = iobuf_n(&c->out);
    http_response_head(head, &c->group->lines, &c->out);
    if (c->group->account.log != NULL)
        account_written(&c->group->account, &c->x,
                        (struct str){c->out.p + c->out.start + before, iobuf_n(&c->out) - before});
}

static void
attach_file(struct conn *c, int fd, uint64_t at, uint64_t n)
{
    c->file = fd;
    c->file_at = at;
    c->file_left = n;
    c->x.sent += n;
}

/* The rest is conn_run()'s. */
static void
end(struct conn *c)
{
    c->ended = true;
    if (c->taking) {
        c->keep = false;
        c->client_done = false;
        c->taking = false;
    }
    conn_wake(c);
}

/* Takes out of `out` what the socket took; bytes of what was sent behind it.  Why a call failed is
 * for conn_flush() to see. */
static size_t
take_sent(struct conn *c, ssize_t sent)
{
    size_t n = sent > 0 ? (size_t)sent : 0;
    size_t head_n = iobuf_n(&c->out);
    size_t of_head = n < head_n ? n : head_n;

    c->moved += n;
    iobuf_consume(&c->out, of_head);
    /* The next response of this turn takes the block that is still in the cache. */
    if (n > 0 && iobuf_n(&c->out) == 0)
        iobuf_release(&c->out);
    return n - of_head;
}

/* A body goes to the socket now, with what stands before it: a large one from where it lies, and
 * only what the socket does not take is copied; to copy a small one costs less than the larger
 * call. */
static void
send_body(struct conn *c, struct str body)
{
    struct iovec parts[2] = {{NULL, 0}, {(void *)(uintptr_t)body.p, body.n}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = ARRAY_LEN(parts)};
    const int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    size_t n;

    if (body.n < DIRECT_MIN)
        iobuf_append_view(&c->out, body);
    if (iobuf_n(&c->out) > 0)
        parts[0] = (struct iovec){c->out.p + c->out.start, iobuf_n(&c->out)};
    if (body.n < DIRECT_MIN) {
        take_sent(c, send(c->source.fd, parts[0].iov_base, parts[0].iov_len, flags));
    } else {
        n = take_sent(c, sendmsg(c->source.fd, &message, flags));
        iobuf_append_view(&c->out, (struct str){body.p + n, body.n - n});
    }
    /* The socket is full: the parts that come before it has room are not tried. */
    if (iobuf_n(&c->out) > 0)
        conn_wait(c, &c->group->send);
}

/* Copying a small one costs less than a call of its own. */
static void
append_body(struct conn *c, struct str body, bool head_is_alone)
{
    if (body.n >= DIRECT_MIN && head_is_alone) {
        send_body(c, body);
    } else if (body.n >= DIRECT_MIN) {
        iobuf_append_view(&c->out, body);
    } else {
        bytes_copy(iobuf_room(&c->out, body.n), body.p, body.n);
        c->out.end += body.n;
    }
}

void
exchange_reply(struct exchange *x, const struct exchange_reply *r)
{
    struct conn *c = conn_of(x);
    struct http_response head = {
        .status = r->status,
        .type = r->type,
        .headers = r->headers,
        .described = r->described,
        .has_length = r->status != 304,
        .length = r->body.n + r->file_bytes,
    };
    bool was_empty;

    if (c->taking)
        c->keep = false;
    was_empty = iobuf_n(&c->out) == 0;
    send_head(c, &head);
    if (!c->bodyless) {
        append_body(c, r->body, was_empty);
        x->sent += r->body.n;
    }
    if (!c->bodyless && r->file_bytes > 0)
        attach_file(c, r->file, r->file_at, r->file_bytes);
    else if (r->file >= 0)
        close(r->file);
    end(c);
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

struct str
exchange_id(struct exchange *x)
{
    return account_id(&conn_of(x)->group->account, x);
}

void
exchange_begin(struct exchange *x, const struct exchange_head *h)
{
    struct http_response head = {
        .status = h->status,
        .reason = h->reason,
        .type = h->type,
        .headers = h->headers,
        .has_length = h->has_length,
        .length = h->length,
        .has_date = h->has_date,
        .has_server = h->has_server,
    };

    send_head(conn_of(x), &head);
    conn_of(x)->drain_wanted = true;
    conn_wake(conn_of(x));
}

/* A part that is large or the last one leaves at once: while it is still in the processor's cache,
 * and before the buffers of all others that are ready in this turn are filled.  Not to a socket
 * that is known to be full. */
static bool
is_worth_a_call(const struct conn *c, size_t n)
{
    bool last = c->has_length && c->length_left == 0;

    return (last || n >= DIRECT_MIN) && c->timeout.list != &c->group->send;
}

void
exchange_write(struct exchange *x, struct str part)
{
    struct conn *c = conn_of(x);
    char size[SIZE_LINE_MAX];

    assert(c->began && !c->ended && c->file_left == 0);
    c->drain_wanted = true;
    conn_wake(c);
    if (c->bodyless || part.n == 0)
        return;
    /* Of a length that was promised, what is beyond it would be read as the next response. */
    if (c->has_length && part.n > c->length_left)
        part.n = (size_t)c->length_left;
    c->length_left -= c->has_length ? part.n : 0;
    x->sent += part.n;
    if (c->chunked)
        iobuf_append(&c->out, size, (size_t)snprintf(size, sizeof(size), "%zx\r\n", part.n));
    if (is_worth_a_call(c, part.n))
        send_body(c, part);
    else
        iobuf_append_view(&c->out, part);
    if (c->chunked)
        iobuf_append_view(&c->out, STR_LIT("\r\n"));
}

void
exchange_file(struct exchange *x, int fd, uint64_t at, uint64_t n)
{
    struct conn *c = conn_of(x);

    assert(c->began && !c->ended && c->file_left == 0 && c->has_length && n <= c->length_left);
    c->drain_wanted = true;
    conn_wake(c);
    if (c->bodyless || n == 0)
        return;
    c->length_left -= n;
    c->file_borrowed = true;
    attach_file(c, fd, at, n);
}

uint64_t
exchange_pending(const struct exchange *x)
{
    const struct conn *c = conn_of(x);

    return iobuf_n(&c->out) + c->file_left;
}

void
exchange_end(struct exchange *x)
{
    struct conn *c = conn_of(x);

    assert(c->began && !c->ended);
    if (c->has_length && c->length_left > 0 && !c->bodyless) {
        exchange_cut(x);
        return;
    }
    if (c->chunked)
        iobuf_append_view(&c->out, STR_LIT("0\r\n\r\n"));
    end(c);
}

void
exchange_cut(struct exchange *x)
{
    struct conn *c = conn_of(x);
    const struct linger reset = {.l_onoff = 1};

    c->ended = true; /* the handler knows */
    /* What the client can still be told without waiting: also answers to earlier requests. */
    if (!conn_flush(c) && c->state == CONN_CLOSED)
        return;
    /* Where the end of the connection is the end of the body, only a reset tells them apart. */
    if (c->began && !c->bodyless && !c->has_length && !c->chunked)
        setsockopt(c->source.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    conn_close(c);
}

void
exchange_body_pause(struct exchange *x)
{
    struct conn *c = conn_of(x);

    c->paused = true;
    if (c->timeout.list == &c->group->body)
        timeout_disarm(&c->timeout);
}

void
exchange_body_resume(struct exchange *x)
{
    struct conn *c = conn_of(x);

    c->paused = false;
    conn_wake(c);
}

int
exchange_detach(struct exchange *x, struct iobuf *in, struct iobuf *out)
{
    struct conn *c = conn_of(x);

    assert(!c->began && !c->ended);
    c->x.status = 101;
    c->ended = true;
    conn_finish(c);
    *in = c->in;
    *out = c->out;
    c->in = (struct iobuf){.pool = in->pool};
    c->out = (struct iobuf){.pool = out->pool};
    return conn_detach(c);
}
