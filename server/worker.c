/* SPDX-License-Identifier: Apache-2.0 */
#include "server/worker.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/conn.h"
#include "server/listen.h"
#include "server/loop.h"
#include "server/pool.h"
#include "server/route.h"
#include "server/settings.h"
#include "server/timeout.h"

enum {
    ACCEPTS_MAX = 64,      /* in one turn, so that open connections get theirs */
    HANDSHAKES_MS = 100,   /* after a stop: connections that have begun may still arrive */
    ACCEPT_PAUSE_MS = 100, /* when descriptors or memory are out */
    WARN_AGAIN_MS = 10000  /* that they still are */
};

struct worker {
    struct loop loop;
    struct conn_group group;
    struct loop_source signals;
    struct worker_listener *listeners;
    unsigned n_listeners;
    struct timeout_list handshakes, pauses, graceful;
    struct timeout handshake, pause, grace;
    int64_t warn_at_ms; /* not before */
    bool stopping;      /* gracefully */
    bool ended;
};

struct worker_listener {
    struct loop_source source;
    struct worker *worker;
    struct listen_socket *socket;
};

static int
watch_listener(struct worker *w, struct worker_listener *l, struct err *err)
{
    /* EPOLLEXCLUSIVE: one worker wakes for a connection on a socket that all share. */
    return loop_add(&w->loop, &l->source, EPOLLIN | (l->socket->shared ? EPOLLEXCLUSIVE : 0), err);
}

/* Out of descriptors or memory: connections wait in the queue until some are free again, instead of
 * turning the loop into a busy one. */
static void
pause_accepting(struct worker *w)
{
    if (w->loop.now_ms >= w->warn_at_ms) {
        log_warn("cannot accept connections for the moment: %m");
        w->warn_at_ms = w->loop.now_ms + WARN_AGAIN_MS;
    }
    for (unsigned i = 0; i < w->n_listeners; i++)
        loop_remove(&w->loop, &w->listeners[i].source);
    timeout_arm(&w->pauses, &w->pause, w->loop.now_ms);
}

static void
resume_accepting(struct timeout *t UNUSED, void *ctx)
{
    struct worker *w = ctx;
    struct err err = ERR_INIT;

    for (unsigned i = 0; i < w->n_listeners; i++) {
        if (watch_listener(w, &w->listeners[i], &err) < 0)
            log_error("%s", err.msg);
    }
}

/* False when the queue is empty, or nothing can be taken from it. */
static bool
accept_one(struct worker_listener *l)
{
    struct address peer = {.size = sizeof(peer.local)};
    int fd = accept4(l->source.fd, &peer.any, &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0) {
        conn_open(&l->worker->group, fd, &peer);
        return true;
    }
    switch (errno) {
    case EAGAIN:
        return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        pause_accepting(l->worker);
        return false;
    default:
        return true; /* an error of that connection alone, as accept(2) says */
    }
}

static void
on_listener(struct loop_source *s, uint32_t events UNUSED)
{
    struct worker_listener *l = (struct worker_listener *)s;

    if (s->fd < 0 || l->worker->pause.list != NULL)
        return;
    for (int i = 0; i < ACCEPTS_MAX && accept_one(l); i++)
        ;
}

static void
close_listeners(struct timeout *t UNUSED, void *ctx)
{
    struct worker *w = ctx;

    for (unsigned i = 0; i < w->n_listeners; i++) {
        struct worker_listener *l = &w->listeners[i];

        while (w->pause.list == NULL && accept_one(l))
            ;
        close(l->source.fd);
        l->source.fd = -1;
        l->socket->fd = -1;
    }
    w->n_listeners = 0;
    timeout_disarm(&w->pause);
}

static void
end_of_grace(struct timeout *t UNUSED, void *ctx)
{
    struct worker *w = ctx;

    if (w->group.n > 0)
        log_warn("%u connection%s cut off: the graceful time is over", w->group.n,
                 w->group.n == 1 ? " was" : "s were");
    w->ended = true;
}

static void
stop_gracefully(struct worker *w)
{
    if (w->stopping)
        return;
    w->stopping = true;
    conn_group_drain(&w->group);
    timeout_arm(&w->handshakes, &w->handshake, w->loop.now_ms);
    timeout_arm(&w->graceful, &w->grace, w->loop.now_ms);
}

static void
on_signal(struct loop_source *s, uint32_t events UNUSED)
{
    struct worker *w = (struct worker *)((char *)s - offsetof(struct worker, signals));
    struct signalfd_siginfo info;

    while (read(s->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGTERM)
            stop_gracefully(w);
        else
            w->ended = true;
    }
}

static int
watch_signals(struct worker *w, struct err *err)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGQUIT);
    w->signals = (struct loop_source){on_signal, signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)};
    if (w->signals.fd < 0)
        return err_sys(err, "signalfd");
    return loop_add(&w->loop, &w->signals, EPOLLIN, err);
}

static int
watch_listeners(struct worker *w, struct listen_set *set, unsigned index, struct err *err)
{
    w->listeners = mem_alloc(set->n * sizeof(*w->listeners));
    for (unsigned i = 0; i < set->n; i++) {
        struct worker_listener *l = &w->listeners[w->n_listeners++];

        l->socket = &set->sockets[index * set->n + i];
        l->source = (struct loop_source){on_listener, l->socket->fd};
        l->worker = w;
        if (watch_listener(w, l, err) < 0)
            return -1;
    }
    return 0;
}

static void
watch_timeouts(struct worker *w, const struct settings *s)
{
    timeout_list_init(&w->handshakes, HANDSHAKES_MS, close_listeners, w);
    timeout_list_init(&w->pauses, ACCEPT_PAUSE_MS, resume_accepting, w);
    timeout_list_init(&w->graceful, s->graceful_ms, end_of_grace, w);
    loop_watch(&w->loop, &w->handshakes);
    loop_watch(&w->loop, &w->pauses);
    loop_watch(&w->loop, &w->graceful);
}

static int
serve(struct worker *w, struct err *err)
{
    while (!w->ended && (!w->stopping || w->n_listeners > 0 || w->group.n > 0)) {
        if (loop_turn(&w->loop, err) < 0)
            return -1;
        conn_group_sweep(&w->group);
    }
    return 0;
}

int
worker_run(const struct settings *settings, struct routes *routes, struct listen_set *listen,
           unsigned index)
{
    struct worker w = {.signals.fd = -1};
    struct err err = ERR_INIT;
    int result = -1;

    if (loop_init(&w.loop, &err) == 0) {
        conn_group_init(&w.group, &w.loop, settings, routes);
        struct worker_env env = {
            .settings = settings, .loop = &w.loop, .group = &w.group, .index = index};

        env.pool = pool_new(&w.loop, &settings->pool, &err);

        watch_timeouts(&w, settings);
        if (env.pool != NULL && route_open(routes, &env, &err) == 0 &&
            watch_signals(&w, &err) == 0 && watch_listeners(&w, listen, index, &err) == 0)
            result = serve(&w, &err);
        conn_group_done(&w.group);
        /* What a thread that does not end still uses must stay. */
        if (!pool_free(env.pool))
            _exit(result < 0 ? 1 : 0);
        route_close(routes);
    }
    if (result < 0)
        log_error("worker %u: %s", index + 1, err.msg);
    free(w.listeners);
    if (w.signals.fd >= 0)
        close(w.signals.fd);
    loop_done(&w.loop);
    return result < 0 ? 1 : 0;
}
