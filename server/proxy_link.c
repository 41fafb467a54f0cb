/* SPDX-License-Identifier: Apache-2.0 */
#include "server/proxy_link.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "server/conn.h"
#include "server/proxy_config.h"
#include "server/proxy_upstream.h"

enum {
    IDLE_MS = 60 * 1000,
    BRIEF_MS = 1000, /* beyond --proxy-keepalive: a burst that is over gives its connections back */
    SPARE_MAX = 256  /* closed ones kept for the next */
};

/* Room to send is watched for only when there was none: a unix socket would tell of it whenever the
 * upstream reads. */
static const uint32_t events_in = EPOLLIN | EPOLLRDHUP | EPOLLET;

static struct proxy_link *
link_of(struct timeout *t)
{
    return (struct proxy_link *)((char *)t - offsetof(struct proxy_link, timeout));
}

static void
leave_idle(struct proxy_link *l)
{
    if (l->prev != NULL)
        l->prev->next = l->next;
    else
        l->upstream->idle = l->next;
    if (l->next != NULL)
        l->next->prev = l->prev;
    l->next = l->prev = NULL;
    l->all->n_idle--;
    timeout_disarm(&l->timeout);
}

int
proxy_link_detach(struct proxy_link *l)
{
    struct proxy_links *all = l->all;
    int fd = l->source.fd;

    if (l->call == NULL && !l->closed)
        leave_idle(l);
    loop_remove(all->loop, &l->source);
    timeout_disarm(&l->timeout);
    iobuf_release(&l->in);
    l->closed = true;
    l->call = NULL;
    l->source.fd = -1;
    /* An event of it may be on its way in this turn. */
    l->next = all->closed;
    all->closed = l;
    loop_defer(all->loop, &all->sweep);
    return fd;
}

void
proxy_link_close(struct proxy_link *l)
{
    close(proxy_link_detach(l));
}

static void
on_sweep(struct loop_task *t)
{
    struct proxy_links *all =
        (struct proxy_links *)((char *)t - offsetof(struct proxy_links, sweep));

    while (all->closed != NULL) {
        struct proxy_link *l = all->closed;

        all->closed = l->next;
        if (all->n_spare >= SPARE_MAX) {
            free(l);
            continue;
        }
        l->next = all->spare;
        all->spare = l;
        all->n_spare++;
    }
}

static void
on_ready(struct loop_source *s, uint32_t events)
{
    struct proxy_link *l = (struct proxy_link *)s;

    if (l->closed)
        return;
    if ((events & ~(uint32_t)EPOLLOUT) != 0)
        l->readable = true;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        l->peer_closing = true;
    if (l->call != NULL)
        l->all->ready(l, events);
    else if (l->readable)
        proxy_link_close(l);
}

static void
expire_idle(struct timeout *t, void *ctx UNUSED)
{
    proxy_link_close(link_of(t));
}

static void
expire_call(struct timeout *t, void *ctx)
{
    struct proxy_links *all = ctx;

    all->expired(link_of(t));
}

void
proxy_links_init(struct proxy_links *all, struct conn_group *group,
                 const struct proxy_settings *settings)
{
    const struct {
        struct timeout_list *list;
        int64_t after_ms;
        void (*expired)(struct timeout *t, void *ctx);
    } lists[] = {
        {&all->connect, settings->connect_timeout_ms, expire_call},
        {&all->wait, settings->timeout_ms, expire_call},
        {&all->idle, IDLE_MS, expire_idle},
        {&all->brief, BRIEF_MS, expire_idle},
    };

    *all = (struct proxy_links){.loop = group->loop, .group = group, .settings = settings};
    all->sweep.run = on_sweep;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        timeout_list_init(lists[i].list, lists[i].after_ms, lists[i].expired, all);
        loop_watch(all->loop, lists[i].list);
    }
}

void
proxy_links_done(struct proxy_links *all)
{
    struct timeout *t;

    while ((t = timeout_oldest(&all->idle)) != NULL || (t = timeout_oldest(&all->brief)) != NULL)
        proxy_link_close(link_of(t));
    loop_cancel(all->loop, &all->sweep);
    on_sweep(&all->sweep);
    while (all->spare != NULL) {
        struct proxy_link *l = all->spare;

        all->spare = l->next;
        free(l);
    }
}

struct proxy_link *
proxy_link_take(struct proxy_links *all UNUSED, struct proxy_upstream *u)
{
    struct proxy_link *l = u->idle;

    if (l == NULL)
        return NULL;
    leave_idle(l);
    l->reused = true;
    return l;
}

static struct proxy_link *
link_new(struct proxy_links *all, struct proxy_upstream *u, int fd)
{
    struct proxy_link *l = all->spare;

    if (l != NULL) {
        all->spare = l->next;
        all->n_spare--;
    } else {
        l = mem_alloc(sizeof(*l));
    }
    *l = (struct proxy_link){.source = {on_ready, fd}, .all = all, .upstream = u};
    l->in.pool = &all->group->out_pool;
    return l;
}

struct proxy_link *
proxy_link_connect(struct proxy_links *all, struct proxy_upstream *u)
{
    const struct address *a = &u->addresses[u->at];
    int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct err err = ERR_INIT;
    struct proxy_link *l;
    bool pending = false;
    int on = 1;

    if (fd < 0)
        return NULL;
    if (a->any.sa_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, &a->any, a->size) < 0) {
        int code = errno;

        pending = code == EINPROGRESS;
        if (!pending) {
            close(fd);
            errno = code;
            return NULL;
        }
    }
    l = link_new(all, u, fd);
    l->connecting = l->wants_out = pending;
    if (loop_add(all->loop, &l->source, events_in | (pending ? EPOLLOUT : 0), &err) < 0) {
        close(fd);
        free(l);
        errno = err.sys;
        return NULL;
    }
    if (pending)
        timeout_arm(&all->connect, &l->timeout, all->loop->now_ms);
    return l;
}

int
proxy_link_connected(struct proxy_link *l)
{
    int code = 0;
    socklen_t n = sizeof(code);

    if (getsockopt(l->source.fd, SOL_SOCKET, SO_ERROR, &code, &n) < 0)
        return errno;
    if (code != 0)
        return code;
    l->connecting = false;
    timeout_disarm(&l->timeout);
    return proxy_link_watch_out(l, false) ? 0 : errno;
}

static bool
change_watch(struct proxy_link *l, bool on)
{
    struct err err = ERR_INIT;

    l->wants_out = on;
    if (loop_change(l->all->loop, &l->source, events_in | (on ? EPOLLOUT : 0), &err) == 0)
        return true;
    errno = err.sys;
    return false;
}

bool
proxy_link_watch_out(struct proxy_link *l, bool on)
{
    return l->wants_out == on || change_watch(l, on);
}

void
proxy_link_wait(struct proxy_link *l)
{
    timeout_arm(&l->all->wait, &l->timeout, l->all->loop->now_ms);
}

void
proxy_link_rest(struct proxy_link *l)
{
    timeout_disarm(&l->timeout);
}

/* What came behind an answer would be read as the next one. */
static bool
is_quiet(const struct proxy_link *l)
{
    char byte;

    if (l->peer_closing || iobuf_n(&l->in) > 0)
        return false;
    return !l->readable ||
           (recv(l->source.fd, &byte, 1, MSG_PEEK) < 0 && (errno == EAGAIN || errno == EINTR));
}

void
proxy_link_keep(struct proxy_link *l)
{
    struct proxy_links *all = l->all;
    struct proxy_upstream *u = l->upstream;

    if (all->settings->keepalive == 0 || !is_quiet(l)) {
        proxy_link_close(l);
        return;
    }
    iobuf_release(&l->in);
    l->call = NULL;
    l->readable = false;
    l->prev = NULL;
    l->next = u->idle;
    if (u->idle != NULL)
        u->idle->prev = l;
    u->idle = l;
    timeout_arm(all->n_idle < all->settings->keepalive ? &all->idle : &all->brief, &l->timeout,
                all->loop->now_ms);
    all->n_idle++;
}
