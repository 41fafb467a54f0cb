/* SPDX-License-Identifier: Apache-2.0 */
#include "server/acceptor.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/conn.h"
#include "server/listen.h"
#include "server/stats.h"

enum {
    ACCEPTS_MAX = 64,      /* in one turn, so that open connections get theirs */
    ACCEPT_PAUSE_MS = 100, /* when descriptors or memory are out */
    WARN_AGAIN_MS = 10000  /* that they still are */
};

struct acceptor_socket {
    struct loop_source source; /* fd is -1 once closed */
    struct acceptor *acceptor;
    bool shared;
};

static int
watch(struct acceptor_socket *s, struct err *err)
{
    /* EPOLLEXCLUSIVE: one worker wakes for a connection on a socket that all share. */
    return loop_add(s->acceptor->loop, &s->source, EPOLLIN | (s->shared ? EPOLLEXCLUSIVE : 0), err);
}

/* Out of descriptors or memory: connections wait in the queue until some are free again, instead of
 * turning the loop into a busy one. */
static void
pause_accepting(struct acceptor *a)
{
    if (a->loop->now_ms >= a->warn_at_ms) {
        log_warn("cannot accept connections for the moment: %m");
        a->warn_at_ms = a->loop->now_ms + WARN_AGAIN_MS;
    }
    for (unsigned i = 0; i < a->n; i++) {
        if (a->v[i].source.fd >= 0)
            loop_remove(a->loop, &a->v[i].source);
    }
    timeout_arm(&a->pauses, &a->pause, a->loop->now_ms);
}

static void
resume_accepting(struct timeout *t UNUSED, void *ctx)
{
    struct acceptor *a = ctx;
    struct err err = ERR_INIT;

    for (unsigned i = 0; i < a->n; i++) {
        if (a->v[i].source.fd >= 0 && watch(&a->v[i], &err) < 0)
            log_error("%s", err.msg);
    }
}

/* False when the queue is empty, or nothing can be taken from it. */
static bool
accept_one(struct acceptor_socket *s)
{
    struct address peer = {.size = sizeof(peer.local)};
    int fd = accept4(s->source.fd, &peer.any, &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0) {
        conn_open(s->acceptor->group, fd, &peer);
        return true;
    }
    switch (errno) {
    case EAGAIN:
        return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        pause_accepting(s->acceptor);
        return false;
    default:
        return true; /* an error of that connection alone, as accept(2) says */
    }
}

/* How many connections a worker may take in a turn to have no more than its part of all. */
static unsigned
share_of(const struct acceptor *a)
{
    uint64_t all = 0;
    unsigned workers = 0;
    uint64_t mean;

    for (unsigned i = 0; i < stats_used(a->stats); i++) {
        const struct stats_slot *slot = &a->stats->slots[i];

        if (slot->state != STATS_READY)
            continue;
        all += stats_get(slot, STATS_CONNECTIONS);
        workers++;
    }
    mean = workers > 0 ? all / workers : 0;
    if (mean <= a->group->n)
        return 1;
    return mean - a->group->n < ACCEPTS_MAX ? (unsigned)(mean - a->group->n) : ACCEPTS_MAX;
}

/* Of those that sleep on a socket the kernel wakes whoever has stood there longest, always the same
 * if nobody moves: whoever took a connection goes to the end of the line. */
static void
stand_behind(struct acceptor_socket *s)
{
    struct err err = ERR_INIT;

    loop_remove(s->acceptor->loop, &s->source);
    if (watch(s, &err) < 0)
        log_error("%s", err.msg);
}

static void
on_ready(struct loop_source *source, uint32_t events UNUSED)
{
    struct acceptor_socket *s = (struct acceptor_socket *)source;
    struct acceptor *a = s->acceptor;
    unsigned most, taken = 0;

    if (source->fd < 0 || a->pause.list != NULL)
        return;
    most = s->shared ? share_of(a) : ACCEPTS_MAX;
    while (taken < most && accept_one(s))
        taken++;
    if (s->shared && taken > 0 && a->pause.list == NULL)
        stand_behind(s);
}

int
acceptor_open(struct acceptor *a, struct conn_group *group, const struct listen_set *listen,
              unsigned seat, const struct stats *stats, struct err *err)
{
    *a = (struct acceptor){.loop = group->loop, .group = group, .stats = stats};
    a->v = mem_alloc(listen->n * sizeof(*a->v));
    timeout_list_init(&a->pauses, ACCEPT_PAUSE_MS, resume_accepting, a);
    loop_watch(a->loop, &a->pauses);
    for (unsigned i = 0; i < listen->n; i++) {
        struct acceptor_socket *s = &a->v[a->n++];

        s->source = (struct loop_source){on_ready, listen_fd(listen, i, seat)};
        s->shared = listen->v[i].shared;
        s->acceptor = a;
        if (watch(s, err) < 0)
            return -1;
    }
    return 0;
}

/* Out of the loop first: a connection that comes after the last look then wakes another worker. */
static void
close_socket(struct acceptor_socket *s)
{
    if (s->source.fd < 0)
        return;
    loop_remove(s->acceptor->loop, &s->source);
    while (s->acceptor->pause.list == NULL && accept_one(s))
        ;
    close(s->source.fd);
    s->source.fd = -1;
}

void
acceptor_close(struct acceptor *a, enum acceptor_which which)
{
    for (unsigned i = 0; i < a->n; i++) {
        if (which == ACCEPTOR_ALL || a->v[i].shared)
            close_socket(&a->v[i]);
    }
    if (which == ACCEPTOR_ALL)
        timeout_disarm(&a->pause);
}

void
acceptor_done(struct acceptor *a)
{
    free(a->v);
    a->v = NULL;
    a->n = 0;
}
