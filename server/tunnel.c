/* SPDX-License-Identifier: Apache-2.0 */
#include "server/tunnel.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/conn.h"

/* TURNS_MAX: parts that a direction may move before other connections get their turn. */
enum { PART = 16 * 1024, TURNS_MAX = 16 };

struct side {
    struct loop_source source;
    struct tunnel *tunnel;
    struct iobuf out;
    bool readable, eof, shut;
};

struct tunnel {
    struct side sides[2];
    struct timeout timeout;
    struct loop_task task;
    struct tunnels *all;
    struct tunnel *next; /* among the closed */
    bool closed;
};

static void
tunnel_close(struct tunnel *t)
{
    if (t->closed)
        return;
    t->closed = true;
    timeout_disarm(&t->timeout);
    loop_cancel(t->all->loop, &t->task);
    for (int i = 0; i < 2; i++) {
        close(t->sides[i].source.fd);
        iobuf_release(&t->sides[i].out);
    }
    conn_group_returned(t->all->group);
    /* An event of the other socket may be on its way in this turn. */
    t->next = t->all->closed;
    t->all->closed = t;
    loop_defer(t->all->loop, &t->all->sweep);
}

static bool
is_passing(void)
{
    return errno == EAGAIN || errno == EINTR;
}

/* Sends what waits for a side; false when the tunnel is broken. */
static bool
flush(struct side *to)
{
    while (iobuf_n(&to->out) > 0) {
        ssize_t n = send(to->source.fd, to->out.p + to->out.start, iobuf_n(&to->out), MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        iobuf_consume(&to->out, (size_t)n);
    }
    iobuf_release(&to->out);
    to->out.pool = &to->tunnel->all->group->out_pool; /* its blocks are large enough */
    return true;
}

/* Reads one part for the other side; false when the tunnel is broken. */
static bool
take(struct side *from, struct side *to)
{
    ssize_t n = recv(from->source.fd, iobuf_room(&to->out, PART), PART, 0);

    if (n > 0) {
        to->out.end += (size_t)n;
        return true;
    }
    if (n < 0 && !is_passing())
        return false;
    from->eof = n == 0;
    from->readable = n < 0 && errno == EINTR;
    if (iobuf_n(&to->out) == 0)
        iobuf_release(&to->out);
    return true;
}

/* One direction, as far as it goes.  False when the tunnel is broken. */
static bool
move(struct side *from, struct side *to)
{
    for (int i = 0; i < TURNS_MAX; i++) {
        if (!flush(to))
            return false;
        if (iobuf_n(&to->out) > 0)
            return true;
        if (from->eof) {
            if (!to->shut)
                shutdown(to->source.fd, SHUT_WR);
            to->shut = true;
            return true;
        }
        if (!from->readable)
            return true;
        if (!take(from, to))
            return false;
    }
    loop_defer(from->tunnel->all->loop, &from->tunnel->task);
    return true;
}

static void
tunnel_run(struct tunnel *t)
{
    struct side *a = &t->sides[0];
    struct side *b = &t->sides[1];

    if (!move(a, b) || !move(b, a) || (a->shut && b->shut)) {
        tunnel_close(t);
        return;
    }
    timeout_arm(&t->all->idle, &t->timeout, t->all->loop->now_ms);
}

static void
on_ready(struct loop_source *s, uint32_t events)
{
    struct side *side = (struct side *)s;

    if (side->tunnel->closed)
        return;
    if ((events & ~(uint32_t)EPOLLOUT) != 0)
        side->readable = true;
    tunnel_run(side->tunnel);
}

static void
on_task(struct loop_task *task)
{
    tunnel_run((struct tunnel *)((char *)task - offsetof(struct tunnel, task)));
}

static void
on_idle(struct timeout *t, void *ctx UNUSED)
{
    tunnel_close((struct tunnel *)((char *)t - offsetof(struct tunnel, timeout)));
}

static void
on_sweep(struct loop_task *task)
{
    struct tunnels *all = (struct tunnels *)((char *)task - offsetof(struct tunnels, sweep));

    while (all->closed != NULL) {
        struct tunnel *t = all->closed;

        all->closed = t->next;
        free(t);
    }
}

void
tunnels_init(struct tunnels *t, struct conn_group *group, int64_t timeout_ms)
{
    *t = (struct tunnels){.loop = group->loop, .group = group, .sweep = {.run = on_sweep}};
    timeout_list_init(&t->idle, timeout_ms, on_idle, t);
    loop_watch(t->loop, &t->idle);
}

void
tunnels_done(struct tunnels *t)
{
    struct timeout *oldest;

    while ((oldest = timeout_oldest(&t->idle)) != NULL)
        on_idle(oldest, t);
    loop_cancel(t->loop, &t->sweep);
    on_sweep(&t->sweep);
}

void
tunnel_open(struct tunnels *all, struct tunnel_end a, struct tunnel_end b)
{
    struct tunnel *t = mem_alloc(sizeof(*t));
    const struct tunnel_end ends[2] = {a, b};
    struct err err = ERR_INIT;
    bool watched = true;

    t->all = all;
    t->task.run = on_task;
    for (int i = 0; i < 2; i++) {
        t->sides[i] = (struct side){.source = {on_ready, ends[i].fd}, .tunnel = t};
        t->sides[i].out = ends[i].out;
        t->sides[i].readable = true;
        watched = watched && loop_add(all->loop, &t->sides[i].source,
                                      EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &err) == 0;
    }
    if (!watched) {
        log_error("a connection was dropped after its upgrade: %s", err.msg);
        tunnel_close(t);
        return;
    }
    timeout_arm(&all->idle, &t->timeout, all->loop->now_ms);
    loop_defer(all->loop, &t->task);
}
