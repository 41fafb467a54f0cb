/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admin.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "server/address.h"
#include "server/listen_open.h"
#include "server/settings.h"

enum { PAUSE_MS = 100 };

int
admin_listen(const struct settings *s, bool again, int *out, struct err *err)
{
    struct address a;
    char text[ADDRESS_TEXT_MAX];
    cleanup_fd int fd = -1;

    *out = -1;
    if (s->log.metrics_bind == NULL)
        return 0;
    if (address_parse(s->log.metrics_bind, &a, err) < 0)
        return err_wrap(err, "--metrics-bind");
    fd = listen_open_tcp(&a, again ? LISTEN_NEXT : LISTEN_FIRST, err);
    if (fd < 0)
        return err_wrap(err, "--metrics-bind %s", s->log.metrics_bind);
    if (listen(fd, s->backlog) < 0)
        return err_sys(err, "--metrics-bind %s", s->log.metrics_bind);
    a.size = sizeof(a.v6);
    if (getsockname(fd, &a.any, &a.size) < 0)
        return err_sys(err, "--metrics-bind %s", s->log.metrics_bind);
    address_format(&a, text);
    log_info("metrics on %s", text);
    *out = steal_fd(&fd);
    return 0;
}

static void
on_listener(struct loop_source *s, uint32_t events UNUSED)
{
    struct admin *a = (struct admin *)((char *)s - offsetof(struct admin, source));
    struct address peer = {.size = sizeof(peer.local)};
    int fd = accept4(s->fd, &peer.any, &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0) {
        conn_open(&a->group, fd, &peer);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        /* Until some are free again, instead of turning the loop into a busy one. */
        loop_remove(a->loop, s);
        timeout_arm(&a->pauses, &a->pause, a->loop->now_ms);
    }
}

static int
watch(struct admin *a, struct err *err)
{
    return loop_add(a->loop, &a->source, EPOLLIN | EPOLLEXCLUSIVE, err);
}

static void
end_of_pause(struct timeout *t UNUSED, void *ctx)
{
    struct err err = ERR_INIT;

    if (watch(ctx, &err) < 0)
        log_error("--metrics-bind: %s", err.msg);
}

int
admin_open(struct admin *a, const struct worker_env *env, int fd, struct err *err)
{
    struct worker_env own = *env;

    *a = (struct admin){.source = {on_listener, fd}, .loop = env->loop};
    if (fd < 0)
        return 0;
    own.group = &a->group;
    route_init_probes(&a->routes);
    conn_group_init(&a->group, env->loop, env->settings, &a->routes);
    if (route_open(&a->routes, &own, err) < 0)
        return -1;
    timeout_list_init(&a->pauses, PAUSE_MS, end_of_pause, a);
    loop_watch(a->loop, &a->pauses);
    return watch(a, err);
}

void
admin_close(struct admin *a)
{
    if (a->source.ready == NULL || a->source.fd < 0)
        return;
    conn_group_done(&a->group);
    route_close(&a->routes);
    route_done(&a->routes);
    a->source.fd = -1;
}

void
admin_sweep(struct admin *a)
{
    if (a->source.fd >= 0)
        conn_group_sweep(&a->group);
}
