/* SPDX-License-Identifier: Apache-2.0 */
#include "server/proxy_call.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/conn.h"
#include "server/exchange.h"
#include "server/proxy_head.h"
#include "server/route.h"
#include "server/settings.h"

enum {
    AGAIN_MS = 10,               /* between attempts to dial a server that is not ready yet */
    RESOLVED_FOR_MS = 30 * 1000, /* then a name is looked up again */
    UNKNOWN_FOR_MS = 1000,       /* then one that had no address is */
    SPARE_MAX = 256,
    TIME_TEXT_MAX = 64
};

static const unsigned repeatable =
    HTTP_GET | HTTP_HEAD | HTTP_OPTIONS | HTTP_PUT | HTTP_DELETE | HTTP_TRACE;

/* ---- life ---- */

static void
on_task(struct loop_task *t)
{
    struct proxy_call *c = (struct proxy_call *)((char *)t - offsetof(struct proxy_call, task));

    proxy_call_read(c);
}

static struct proxy_call *
call_new(struct proxy_route *route, struct exchange *x)
{
    struct proxy *p = route->proxy;
    struct proxy_call *c = p->spare;

    if (c != NULL) {
        p->spare = c->next;
        p->n_spare--;
        memset(c, 0, sizeof(*c));
    } else {
        c = mem_alloc(sizeof(*c));
    }
    c->x = x;
    c->route = route;
    c->task.run = on_task;
    c->head.pool = c->body.pool = &p->group->in_pool;
    c->next = p->calls;
    if (p->calls != NULL)
        p->calls->prev = c;
    p->calls = c;
    x->local = c;
    return c;
}

void
proxy_call_free(struct proxy_call *c)
{
    struct proxy *p = c->route->proxy;

    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        p->calls = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    timeout_disarm(&c->timeout);
    loop_cancel(p->loop, &c->task);
    iobuf_release(&c->head);
    iobuf_release(&c->body);
    free(c->path);
    if (p->n_spare >= SPARE_MAX) {
        free(c);
        return;
    }
    c->next = p->spare;
    p->spare = c;
    p->n_spare++;
}

void
proxy_call_drop_link(struct proxy_call *c)
{
    if (c->link != NULL)
        proxy_link_close(c->link);
    c->link = NULL;
    if (c->upstream != NULL)
        c->upstream->active--;
    c->upstream = NULL;
    timeout_disarm(&c->timeout);
    loop_cancel(c->route->proxy->loop, &c->task);
}

/* ---- failures ---- */

void
proxy_call_answer(struct proxy_call *c, unsigned status)
{
    struct exchange *x = c->x;

    proxy_call_free(c);
    exchange_status(x, status);
}

static void
answer_none(struct proxy_call *c)
{
    struct exchange_reply r = EXCHANGE_REPLY_INIT;
    struct exchange *x = c->x;
    int64_t wait_ms = proxy_upstream_wait_ms(&c->route->upstreams, c->route->proxy->loop->now_ms);
    char retry[TIME_TEXT_MAX];

    snprintf(retry, sizeof(retry), "Retry-After: %" PRId64 "\r\n", wait_ms / 1000 + 1);
    r.status = 503;
    r.type = "text/plain; charset=utf-8";
    r.headers = str_from(retry);
    r.body = STR_LIT("503 Service Unavailable\n");
    proxy_call_free(c);
    exchange_reply(x, &r);
}

/* Whether the request is still there as a whole, and asking twice can do no harm. */
static bool
may_repeat(const struct proxy_call *c)
{
    return !c->body_gone && (!c->sent_any || (c->x->request->method & repeatable) != 0);
}

static bool
has_another(const struct proxy_call *c)
{
    uint64_t all = c->route->upstreams.n == PROXY_SERVERS_MAX
                       ? UINT64_MAX
                       : (UINT64_C(1) << c->route->upstreams.n) - 1;

    return (c->tried & all) != all;
}

static void
rewind_request(struct proxy_call *c)
{
    /* It is written anew: the next server may have another name. */
    iobuf_release(&c->head);
    c->head_written = false;
    c->head_sent = c->body_sent = 0;
    c->sent_any = c->heard_any = c->send_broken = false;
    c->interim = 0;
}

static void
note_failure(struct proxy_call *c, const char *why)
{
    struct proxy_route *route = c->route;
    struct proxy_upstream *u = c->upstream;
    const struct http_request *r = c->x->request;
    struct str method = http_parse_str(r, r->method_text);
    struct str target = http_parse_str(r, r->target);

    log_error("upstream %s: %s (" STR_FMT " " STR_FMT ")", u->server->name, why, STR_ARG(method),
              STR_ARG(target));
    u->at = u->n_addresses > 0 ? (u->at + 1) % u->n_addresses : 0;
    if (proxy_upstream_failed(&route->upstreams, u, route->proxy->loop->now_ms))
        log_warn("upstream %s: left alone for %u s", u->server->name,
                 route->upstreams.fail_timeout_ms / 1000);
}

void
proxy_call_fail(struct proxy_call *c, unsigned status, const char *why)
{
    struct exchange *x = c->x;
    bool begun = c->state == PROXY_REPLY;
    bool again = !begun && may_repeat(c) && has_another(c);

    note_failure(c, why);
    proxy_call_drop_link(c);
    if (begun) {
        proxy_call_free(c);
        exchange_cut(x);
        return;
    }
    rewind_request(c);
    c->failed_status = status;
    if (again)
        proxy_call_dial(c);
    else
        proxy_call_answer(c, status);
}

/* ---- dialling ---- */

static void
on_resolved(void *owner, const struct address *v, unsigned n, const char *why)
{
    struct proxy_upstream *u = owner;

    u->resolving = false;
    u->unknown = n == 0;
    u->resolved_ms = clock_monotonic_ms(clock_system());
    if (n == 0) {
        log_error("upstream %s: %s", u->server->name, why);
        return;
    }
    memcpy(u->addresses, v, n * sizeof(*v));
    u->n_addresses = n;
    u->at = 0;
}

/* Looks the name up when that was not done, or long ago; the old address is good until then. */
static void
resolve(struct proxy *p, struct proxy_upstream *u)
{
    int64_t age = p->loop->now_ms - u->resolved_ms;
    bool due = u->n_addresses == 0 || u->fails > 0 ? age > UNKNOWN_FOR_MS : age > RESOLVED_FOR_MS;

    if (u->server->host == NULL || u->resolving || (u->resolved_ms != 0 && !due))
        return;
    u->resolving = proxy_resolve_start(&p->resolve, u->server->host, u->server->port,
                                       PROXY_UPSTREAM_ADDRESSES_MAX, u);
    if (!u->resolving)
        log_error("upstream %s: no thread to look it up", u->server->name);
}

static void
talk(struct proxy_call *c)
{
    c->state = PROXY_TALK;
    http_reply_parse_init(&c->parser, c->route->proxy->links.settings->head_bytes);
    if (proxy_call_send(c))
        proxy_call_wait(c);
}

static void
dial_later(struct proxy_call *c)
{
    struct proxy *p = c->route->proxy;
    int64_t waited = p->loop->now_ms - c->dialled_ms;

    if (waited >= (int64_t)p->links.settings->connect_timeout_ms)
        proxy_call_fail(c, 504, "no connection in time");
    else
        timeout_arm(&p->again, &c->timeout, p->loop->now_ms);
}

static void
connect_anew(struct proxy_call *c)
{
    struct proxy *p = c->route->proxy;
    struct proxy_upstream *u = c->upstream;

    resolve(p, u);
    if (u->n_addresses == 0 && u->resolving) {
        dial_later(c);
        return;
    }
    if (u->n_addresses == 0) {
        proxy_call_fail(c, 502, "its name has no address");
        return;
    }
    c->link = proxy_link_connect(&p->links, u);
    if (c->link != NULL) {
        c->link->call = c;
        if (!c->link->connecting)
            talk(c);
    } else if (errno == EAGAIN) {
        dial_later(c);
    } else {
        proxy_call_fail(c, 502, strerror(errno));
    }
}

void
proxy_call_dial(struct proxy_call *c)
{
    struct proxy *p = c->route->proxy;
    struct proxy_upstream *u =
        proxy_upstream_choose(&c->route->upstreams, c->tried, p->loop->now_ms);

    if (u == NULL) {
        if (c->failed_status != 0)
            proxy_call_answer(c, c->failed_status);
        else
            answer_none(c);
        return;
    }
    c->state = PROXY_DIAL;
    c->tried |= proxy_upstream_bit(&c->route->upstreams, u);
    c->upstream = u;
    u->active++;
    c->dialled_ms = p->loop->now_ms;
    /* Without a body to wait for the request has only just begun. */
    c->asked_us =
        c->has_body || c->failed_status != 0 ? clock_monotonic_us(clock_system()) : c->x->begun_us;
    c->link = proxy_link_take(&p->links, u);
    if (c->link == NULL) {
        connect_anew(c);
        return;
    }
    c->link->call = c;
    talk(c);
}

static void
on_again(struct timeout *t, void *ctx UNUSED)
{
    connect_anew((struct proxy_call *)((char *)t - offsetof(struct proxy_call, timeout)));
}

bool
proxy_call_redial(struct proxy_call *c)
{
    /* That a connection which was kept turns out to be closed says nothing about the upstream. */
    if (!c->link->reused || c->heard_any || !may_repeat(c))
        return false;
    proxy_link_close(c->link);
    c->link = NULL;
    rewind_request(c);
    c->state = PROXY_DIAL;
    c->dialled_ms = c->route->proxy->loop->now_ms;
    connect_anew(c);
    return true;
}

static void
on_ready(struct proxy_link *l, uint32_t events)
{
    struct proxy_call *c = l->call;

    if (l->connecting) {
        int code = proxy_link_connected(l);

        if (code != 0)
            proxy_call_fail(c, 502, strerror(code));
        else
            talk(c);
        return;
    }
    if ((events & EPOLLOUT) != 0 && !proxy_call_send(c))
        return;
    if (l->readable)
        proxy_call_read(c);
}

static void
on_expired(struct proxy_link *l)
{
    struct proxy_call *c = l->call;

    if (l->connecting)
        proxy_call_fail(c, 504, "no connection in time");
    else
        proxy_call_fail(c, 504, "no progress in time");
}

/* ---- the handler's side ---- */

void
proxy_call_begin(struct proxy_route *route, struct exchange *x)
{
    const struct http_request *r = x->request;
    struct proxy_call *c = call_new(route, x);

    c->has_body = r->chunked || r->content_length > 0;
    c->body_whole = !c->has_body;
    c->websocket = proxy_head_wants_websocket(r);
    if (route->mount->base != NULL)
        c->path = proxy_head_path(route->mount->base, x->rest);
    if (!c->has_body)
        proxy_call_dial(c);
}

static bool
is_much(const struct proxy_call *c)
{
    struct proxy *p = c->route->proxy;

    return proxy_call_unsent(c) >= p->links.settings->request_buffer ||
           conn_group_is_full(p->group);
}

void
proxy_call_body(struct exchange *x, struct str part, bool last)
{
    struct proxy_call *c = x->local;

    if (!c->send_broken)
        proxy_call_append(c, part, last);
    c->body_whole = last;
    if (c->state == PROXY_COLLECT) {
        if (last || is_much(c))
            proxy_call_dial(c);
        return;
    }
    if (c->state != PROXY_DIAL && !proxy_call_send(c))
        return;
    if (!last && !c->send_broken && is_much(c) && proxy_call_unsent(c) > 0) {
        c->paused = true;
        exchange_body_pause(x);
    }
}

void
proxy_call_drain(struct exchange *x)
{
    struct proxy_call *c = x->local;

    if (!c->full)
        return;
    c->full = false;
    proxy_call_wait(c);
    proxy_call_read(c);
}

void
proxy_call_abort(struct exchange *x)
{
    struct proxy_call *c = x->local;

    proxy_call_drop_link(c);
    proxy_call_free(c);
}

void
proxy_call_cut_all(struct proxy_route *route)
{
    struct proxy_call *next;

    for (struct proxy_call *c = route->proxy->calls; c != NULL; c = next) {
        struct exchange *x = c->x;

        next = c->next;
        if (c->route != route)
            continue;
        proxy_call_abort(x);
        exchange_cut(x);
    }
    for (size_t i = 0; i < route->upstreams.n; i++) {
        while (route->upstreams.v[i].idle != NULL)
            proxy_link_close(route->upstreams.v[i].idle);
    }
}

/* ---- of a worker ---- */

int
proxy_init(struct proxy *p, const struct worker_env *env, struct err *err)
{
    const struct proxy_settings *s = &env->settings->proxy;

    *p = (struct proxy){.loop = env->loop, .settings = env->settings, .group = env->group};
    if (proxy_resolve_init(&p->resolve, env->loop, on_resolved, err) < 0)
        return -1;
    p->fields = (struct buf)BUF_INIT(2 * (size_t)s->head_bytes);
    p->reason = (struct buf)BUF_INIT(s->head_bytes);
    proxy_links_init(&p->links, env->group, s);
    p->links.ready = on_ready;
    p->links.expired = on_expired;
    tunnels_init(&p->tunnels, env->group, s->tunnel_timeout_ms);
    timeout_list_init(&p->again, AGAIN_MS, on_again, p);
    loop_watch(env->loop, &p->again);
    return 0;
}

void
proxy_done(struct proxy *p)
{
    tunnels_done(&p->tunnels);
    proxy_links_done(&p->links);
    proxy_resolve_done(&p->resolve);
    buf_done(&p->fields);
    buf_done(&p->reason);
    while (p->spare != NULL) {
        struct proxy_call *c = p->spare;

        p->spare = c->next;
        free(c);
    }
}
