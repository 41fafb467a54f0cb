/* SPDX-License-Identifier: Apache-2.0 */
#include "server/conn.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/proxy_protocol.h"
#include "server/route.h"
#include "server/settings.h"

enum {
    IN_BLOCK = 4 * 1024,     /* most request heads */
    OUT_BLOCK = 20 * 1024,   /* most responses */
    FREE_BLOCKS_MAX = 64,    /* kept by a pool */
    SPARE_MAX = 256,         /* closed connections kept for the next ones */
    OUT_HIGH = 64 * 1024,    /* no further request is answered before this is sent */
    TURNS_MAX = 64,          /* steps of one connection before the others get theirs */
    LINGER_MS = 1000,        /* for a client that was refused to read why */
    SURPLUS_MS = 1000,       /* above the ceiling, for a probe to say that it is one */
    DRAIN_MS = 500,          /* for a request that is on its way when a stop begins */
    RECLAIM_AFTER_MS = 1000, /* a connection this long idle makes room at the ceiling */
    REFUSALS_MAX = 64,       /* connections above the ceiling that are told so */
    SCRATCH_MAX = 4 * 1024 * 1024
};

enum want { WANT_NOTHING, WANT_INPUT, WANT_OUTPUT, WANT_WAIT };

static struct conn *
conn_of_timeout(struct timeout *t)
{
    return (struct conn *)((char *)t - offsetof(struct conn, timeout));
}

/* The handler of an exchange that has not come to its end. */
static void
tell_handler(struct conn *c)
{
    if (c->state != CONN_HANDLE || c->ended || c->x.route == NULL)
        return;
    c->ended = true;
    if (c->x.route->handler->on_abort != NULL)
        c->x.route->handler->on_abort(&c->x);
}

static void
release_file(struct conn *c)
{
    if (c->file >= 0 && !c->file_borrowed)
        close(c->file);
    c->file = -1;
    c->file_left = 0;
    c->file_borrowed = false;
}

/* What came in place of a request line that was not understood. */
static struct str
start_line(const struct conn *c)
{
    struct str in = {c->in.p + c->in.start, iobuf_n(&c->in)};

    if (in.n == 0)
        return (struct str){NULL, 0};
    in = str_trim(in);
    return str_trim(str_cut(&in, '\n'));
}

static void
keep_account(struct conn *c)
{
    struct str nothing = {NULL, 0};

    account_finish(&c->group->account, &c->x,
                   c->parser.request.method_text.n > 0 ? nothing : start_line(c));
}

int
conn_detach(struct conn *c)
{
    struct conn_group *g = c->group;
    int fd = c->source.fd;

    loop_remove(g->loop, &c->source);
    c->state = CONN_CLOSED;
    c->source.fd = -1;
    release_file(c);
    timeout_disarm(&c->timeout);
    loop_cancel(g->loop, &c->task);
    iobuf_release(&c->in);
    iobuf_release(&c->out);
    *(c->prev != NULL ? &c->prev->next : &g->open) = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    c->next = g->closed;
    g->closed = c;
    return fd;
}

void
conn_close(struct conn *c)
{
    if (c->state == CONN_CLOSED)
        return;
    tell_handler(c);
    if (c->state == CONN_BODY || c->state == CONN_HANDLE)
        keep_account(c);
    close(conn_detach(c));
    c->group->n--;
}

void
conn_group_returned(struct conn_group *g)
{
    g->n--;
}

void
conn_wait(struct conn *c, struct timeout_list *list)
{
    if (c->timeout.list == list)
        return;
    c->moved_before = c->moved;
    timeout_arm(list, &c->timeout, c->group->loop->now_ms);
}

static enum want
on_head(struct conn *c)
{
    int status;

    if (iobuf_n(&c->out) > OUT_HIGH)
        return WANT_OUTPUT;
    if (iobuf_n(&c->in) == 0)
        return WANT_INPUT;
    status = http_parse(&c->parser, c->in.p + c->in.start, iobuf_n(&c->in));
    if (status == HTTP_PARSE_MORE)
        return WANT_INPUT;
    if (status == HTTP_PARSE_DONE)
        conn_request(c);
    else
        conn_refuse(c, (unsigned)status);
    return WANT_NOTHING;
}

/* Behind a load balancer that says where the connection comes from before the first request. */
static enum want
on_proxy(struct conn *c)
{
    struct proxy_protocol header;

    if (iobuf_n(&c->in) == 0)
        return WANT_INPUT;
    switch (proxy_protocol_parse(c->in.p + c->in.start, iobuf_n(&c->in),
                                 c->group->settings->http.head, &header)) {
    case PROXY_PROTOCOL_MORE:
        return WANT_INPUT;
    case PROXY_PROTOCOL_BROKEN:
        conn_refuse(c, 400);
        return WANT_NOTHING;
    case PROXY_PROTOCOL_DONE:
        break;
    }
    iobuf_consume(&c->in, header.size);
    if (header.has_source)
        c->peer = header.source;
    c->state = CONN_HEAD;
    return WANT_NOTHING;
}

/* The handler works, or its response is on the way, or both. */
static enum want
on_handle(struct conn *c)
{
    if (c->ended) {
        if (c->file_left > 0)
            return WANT_OUTPUT;
        conn_finish(c);
        return WANT_NOTHING;
    }
    if (c->began || iobuf_n(&c->out) > 0) {
        if (conn_flush(c) && c->drain_wanted) {
            c->drain_wanted = false;
            if (c->x.route->handler->on_drain != NULL) {
                c->x.route->handler->on_drain(&c->x);
                return WANT_NOTHING;
            }
        }
        if (c->state == CONN_CLOSED)
            return WANT_WAIT;
    }
    if (c->taking && !c->paused)
        return conn_stream(c) || conn_fill(c) ? WANT_NOTHING : WANT_WAIT;
    return WANT_WAIT;
}

void
conn_finish(struct conn *c)
{
    release_file(c);
    keep_account(c);
    iobuf_consume(&c->in, c->parser.request.size + c->body_kept);
    c->body_kept = 0;
    http_parse_init(&c->parser, &c->group->settings->http);
    timeout_disarm(&c->timeout);
    c->served = true;
    c->state = c->keep ? CONN_HEAD : CONN_SEND;
}

/* All is written.  Closing a socket while the client is still sending would reset the connection
 * and could take the response away from it: then our side is shut first. */
static enum want
on_sent(struct conn *c)
{
    if (iobuf_n(&c->out) > 0)
        return WANT_OUTPUT;
    if (c->eof || (c->client_done && iobuf_n(&c->in) == 0)) {
        conn_close(c);
        return WANT_WAIT;
    }
    shutdown(c->source.fd, SHUT_WR);
    iobuf_release(&c->in);
    iobuf_release(&c->out);
    c->state = CONN_LINGER;
    conn_wait(c, &c->group->linger);
    return WANT_NOTHING;
}

static enum want
on_linger(struct conn *c)
{
    char waste[IN_BLOCK];
    ssize_t n = recv(c->source.fd, waste, sizeof(waste), 0);

    if (n > 0 || (n < 0 && errno == EINTR))
        return WANT_NOTHING;
    if (n == 0 || errno != EAGAIN)
        conn_close(c);
    return WANT_WAIT;
}

static enum want
step(struct conn *c)
{
    /* The two that are everyday: jumps by a table are dear. */
    if (c->state == CONN_HEAD)
        return on_head(c);
    if (c->state == CONN_HANDLE)
        return on_handle(c);
    switch ((enum conn_state)c->state) {
    case CONN_HEAD:
    case CONN_HANDLE:
        break;
    case CONN_PROXY:
        return on_proxy(c);
    case CONN_BODY:
        return conn_body(c) ? WANT_NOTHING : WANT_INPUT;
    case CONN_SEND:
        return on_sent(c);
    case CONN_LINGER:
        return on_linger(c);
    case CONN_CLOSED:
        break;
    }
    return WANT_WAIT;
}

static void
conn_run(struct conn *c)
{
    int turns;

    c->running = true;
    for (turns = 0; turns < TURNS_MAX; turns++) {
        enum want want = step(c);

        if (want == WANT_NOTHING)
            continue;
        if (want == WANT_WAIT || !conn_flush(c) || (want == WANT_INPUT && !conn_fill(c)))
            break;
    }
    c->running = false;
    if (turns == TURNS_MAX && c->state != CONN_CLOSED)
        loop_defer(c->group->loop, &c->task);
}

void
conn_wake(struct conn *c)
{
    if (!c->running && c->state != CONN_CLOSED)
        loop_defer(c->group->loop, &c->task);
}

/* While it only waits, for a handler that works for nothing else. */
static bool
is_given_up(const struct conn *c)
{
    return c->state == CONN_HANDLE && !c->ended && !c->taking && c->x.route != NULL &&
           c->x.route->handler->aborts_on_eof;
}

static void
on_ready(struct loop_source *s, uint32_t events)
{
    struct conn *c = (struct conn *)s;

    if (c->state == CONN_CLOSED)
        return;
    if ((events & ~(uint32_t)EPOLLOUT) != 0)
        c->readable = true;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        c->peer_closing = true;
    /* Both directions are shut, or the connection is reset: nobody waits for the answer.  A client
     * that has shut only its own side does. */
    if ((events & (EPOLLHUP | EPOLLERR)) != 0 && c->state == CONN_HANDLE) {
        conn_close(c);
        return;
    }
    if ((events & EPOLLRDHUP) != 0 && is_given_up(c)) {
        conn_close(c);
        return;
    }
    conn_run(c);
}

static void
on_task(struct loop_task *t)
{
    conn_run((struct conn *)((char *)t - offsetof(struct conn, task)));
}

static struct conn *
conn_new(struct conn_group *g, int fd)
{
    struct conn *c = g->spare;

    if (c != NULL) {
        g->spare = c->next;
        g->n_spare--;
        memset(c, 0, sizeof(*c));
    } else {
        c = mem_alloc(sizeof(*c));
    }
    c->source = (struct loop_source){on_ready, fd};
    c->task.run = on_task;
    c->group = g;
    c->in.pool = &g->in_pool;
    c->out.pool = &g->out_pool;
    c->file = -1;
    http_parse_init(&c->parser, &g->settings->http);
    c->next = g->open;
    if (c->next != NULL)
        c->next->prev = c;
    g->open = c;
    g->n++;
    return c;
}

/* At the ceiling the connection that has been idle longest makes room. */
static bool
make_room(struct conn_group *g)
{
    struct timeout *t = timeout_oldest(&g->idle);

    if (g->n < g->settings->connections)
        return true;
    if (t == NULL || t->since_ms + RECLAIM_AFTER_MS > g->loop->now_ms)
        return false;
    conn_close(conn_of_timeout(t));
    return true;
}

bool
conn_group_is_full(const struct conn_group *g)
{
    return g->in_pool.used + g->out_pool.used > g->settings->memory_bytes;
}

void
conn_open(struct conn_group *g, int fd, const struct address *peer)
{
    bool room = make_room(g) && !conn_group_is_full(g);
    struct err err = ERR_INIT;
    struct conn *c;

    account_connection(&g->account, !room);
    if (!room && g->n >= g->settings->connections + REFUSALS_MAX) {
        close(fd);
        return;
    }
    c = conn_new(g, fd);
    c->surplus = !room;
    c->peer = *peer;
    if (g->settings->proxy_protocol && forwarded_trusts(&g->settings->trust, peer))
        c->state = CONN_PROXY;
    if (loop_add(g->loop, &c->source, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &err) < 0) {
        log_error("a connection was dropped: %s", err.msg);
        conn_close(c);
        return;
    }
    conn_wait(c, room ? &g->first : &g->surplus);
}

static void
expire_close(struct timeout *t, void *ctx UNUSED)
{
    conn_close(conn_of_timeout(t));
}

static void
expire_request(struct timeout *t, void *ctx UNUSED)
{
    struct conn *c = conn_of_timeout(t);

    conn_refuse(c, 408);
    conn_run(c);
}

static void
expire_surplus(struct timeout *t, void *ctx UNUSED)
{
    struct conn *c = conn_of_timeout(t);

    conn_refuse(c, 503);
    conn_run(c);
}

/* Whether enough has moved since the wait began; then it begins anew. */
static bool
is_fast_enough(struct conn *c, struct timeout_list *list)
{
    uint64_t wanted = (uint64_t)c->group->settings->min_rate * (uint64_t)list->after_ms / 1000;

    if (c->moved - c->moved_before < (wanted > 0 ? wanted : 1))
        return false;
    conn_wait(c, list);
    return true;
}

static void
expire_body(struct timeout *t, void *ctx)
{
    struct conn *c = conn_of_timeout(t);
    struct conn_group *g = ctx;

    if (is_fast_enough(c, &g->body))
        return;
    if (c->began) {
        conn_close(c);
        return;
    }
    tell_handler(c);
    c->ended = false;
    conn_refuse(c, 408);
    conn_run(c);
}

static void
expire_send(struct timeout *t, void *ctx)
{
    struct conn *c = conn_of_timeout(t);
    struct conn_group *g = ctx;

    if (!is_fast_enough(c, &g->send))
        conn_close(c);
}

void
conn_group_init(struct conn_group *g, struct loop *loop, const struct settings *settings,
                const struct routes *routes)
{
    const struct {
        struct timeout_list *list;
        int64_t after_ms;
        void (*expired)(struct timeout *t, void *ctx);
    } lists[] = {
        {&g->first, settings->keep_alive_ms, expire_close},
        {&g->idle, settings->keep_alive_ms, expire_close},
        {&g->head, settings->head_timeout_ms, expire_request},
        {&g->body, settings->body_timeout_ms, expire_body},
        {&g->send, settings->send_timeout_ms, expire_send},
        {&g->linger, LINGER_MS, expire_close},
        {&g->surplus, SURPLUS_MS, expire_surplus},
    };

    *g = (struct conn_group){.loop = loop, .settings = settings, .routes = routes};
    g->lines.unix_seconds = INT64_MIN;
    g->scratch = (struct buf)BUF_INIT(SCRATCH_MAX);
    g->path_room = mem_alloc((size_t)settings->http.line + 1);
    iobuf_pool_init(&g->in_pool, IN_BLOCK, FREE_BLOCKS_MAX);
    iobuf_pool_init(&g->out_pool, OUT_BLOCK, FREE_BLOCKS_MAX);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        timeout_list_init(lists[i].list, lists[i].after_ms, lists[i].expired, g);
        loop_watch(loop, lists[i].list);
    }
}

void
conn_group_sweep(struct conn_group *g)
{
    while (g->closed != NULL) {
        struct conn *c = g->closed;

        g->closed = c->next;
        if (g->n_spare >= SPARE_MAX) {
            free(c);
            continue;
        }
        c->next = g->spare;
        g->spare = c;
        g->n_spare++;
    }
}

void
conn_group_drain(struct conn_group *g)
{
    g->draining = true;
    g->first.after_ms = DRAIN_MS;
    g->idle.after_ms = DRAIN_MS;
}

void
conn_group_close(struct conn_group *g)
{
    while (g->open != NULL)
        conn_close(g->open);
    conn_group_sweep(g);
}

void
conn_group_done(struct conn_group *g)
{
    conn_group_close(g);
    while (g->spare != NULL) {
        struct conn *c = g->spare;

        g->spare = c->next;
        free(c);
    }
    iobuf_pool_done(&g->in_pool);
    iobuf_pool_done(&g->out_pool);
    buf_done(&g->scratch);
    free(g->path_room);
}
