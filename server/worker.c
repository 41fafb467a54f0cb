/* SPDX-License-Identifier: Apache-2.0 */
#include "server/worker.h"

#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "server/acceptor.h"
#include "server/admin.h"
#include "server/conn.h"
#include "server/listen.h"
#include "server/loop.h"
#include "server/pool.h"
#include "server/reopen.h"
#include "server/route.h"
#include "server/sandbox.h"
#include "server/settings.h"
#include "server/stats.h"
#include "server/timeout.h"

enum {
    HANDSHAKES_MS = 100,       /* after a stop: connections that have begun may still arrive */
    HANDSHAKES_LONG_MS = 1000, /* where nobody is kept waiting for the end */
    BEAT_MS = 1000
};

struct worker {
    const struct worker_opts *opts;
    struct loop loop;
    struct conn_group group;
    struct acceptor acceptor;
    struct admin admin;
    struct pool *pool;
    struct loop_source signals;
    struct reopen reopen;
    struct timeout_list handshakes, graceful, beats;
    struct timeout handshake, grace, beat;
    int64_t gauged_ms;     /* when the pool's gauges were last read */
    uint64_t last_request; /* after which it wants to be replaced */
    bool accepting;
    bool stopping; /* gracefully */
    bool ended;
};

static void
stop_accepting(struct worker *w)
{
    if (w->accepting)
        acceptor_close(&w->acceptor, ACCEPTOR_ALL);
    w->accepting = false;
}

static void
end_of_handshakes(struct timeout *t UNUSED, void *ctx)
{
    struct worker *w = ctx;

    /* With nobody to follow it accepts as long as it lives: slow handshakes may still end. */
    if (w->opts->slot->order != STATS_RETIRED)
        stop_accepting(w);
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
    struct stats_slot *slot = w->opts->slot;
    int64_t deadline_ms = slot->deadline_ms;

    if (w->stopping)
        return;
    w->stopping = true;
    slot->state = STATS_DRAINING;
    conn_group_drain(&w->group);
    if (deadline_ms > 0)
        w->graceful.after_ms = deadline_ms > w->loop.now_ms ? deadline_ms - w->loop.now_ms : 0;
    timeout_arm(&w->graceful, &w->grace, w->loop.now_ms);
    if (slot->order == STATS_REPLACED) {
        stop_accepting(w);
        return;
    }
    if (slot->order == STATS_RETIRED) {
        acceptor_close(&w->acceptor, ACCEPTOR_SHARED);
        w->handshakes.after_ms = HANDSHAKES_LONG_MS;
    }
    timeout_arm(&w->handshakes, &w->handshake, w->loop.now_ms);
}

static void
on_signal(struct loop_source *s, uint32_t events UNUSED)
{
    struct worker *w = (struct worker *)((char *)s - offsetof(struct worker, signals));
    struct signalfd_siginfo info;

    while (read(s->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        switch (info.ssi_signo) {
        case SIGTERM:
            stop_gracefully(w);
            break;
        case SIGUSR1:
            reopen_run();
            break;
        default:
            w->ended = true;
        }
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
    sigaddset(&set, SIGUSR1);
    w->signals = (struct loop_source){on_signal, signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)};
    if (w->signals.fd < 0)
        return err_sys(err, "signalfd");
    return loop_add(&w->loop, &w->signals, EPOLLIN, err);
}

/* Both the limit and the number of workers may change while they run. */
static void
share_cpus(struct worker *w)
{
    pool_set_cpus(w->pool, stats_share(w->opts->stats));
}

static void
wait_for_beat(struct timeout *t, void *ctx)
{
    struct worker *w = ctx;

    share_cpus(w);
    timeout_arm(&w->beats, t, w->loop.now_ms);
}

static void
watch_timeouts(struct worker *w)
{
    timeout_list_init(&w->handshakes, HANDSHAKES_MS, end_of_handshakes, w);
    timeout_list_init(&w->graceful, w->opts->settings->graceful_ms, end_of_grace, w);
    timeout_list_init(&w->beats, BEAT_MS, wait_for_beat, w);
    loop_watch(&w->loop, &w->handshakes);
    loop_watch(&w->loop, &w->graceful);
    loop_watch(&w->loop, &w->beats);
    timeout_arm(&w->beats, &w->beat, w->loop.now_ms);
}

/* With some chance in it, so that not all workers are replaced at the same time. */
static void
limit_requests(struct worker *w)
{
    const struct settings_process *p = &w->opts->settings->process;
    uint64_t extra = 0;

    if (p->max_requests == 0) {
        w->last_request = UINT64_MAX;
        return;
    }
    if (p->max_requests_jitter > 0 && getrandom(&extra, sizeof(extra), GRND_NONBLOCK) > 0)
        extra %= p->max_requests_jitter + 1;
    w->last_request = p->max_requests + extra;
}

/* What the master wants to know of this turn. */
static void
report(struct worker *w)
{
    struct stats_slot *slot = w->opts->slot;

    atomic_store_explicit(&slot->heartbeat_ms, w->loop.now_ms, memory_order_relaxed);
    stats_set(slot, STATS_CONNECTIONS, w->group.n);
    if (w->loop.now_ms != w->gauged_ms) {
        struct pool_gauges gauges = pool_gauges(w->pool);

        w->gauged_ms = w->loop.now_ms;
        stats_set(slot, STATS_POOL_THREADS, gauges.threads);
        stats_set(slot, STATS_POOL_BUSY, gauges.busy);
        stats_set(slot, STATS_POOL_QUEUE, gauges.queued);
    }
    if (w->group.requests < w->last_request || w->stopping)
        return;
    w->last_request = UINT64_MAX;
    slot->spent = true;
    stats_wake(w->opts->stats);
}

static bool
finished(struct worker *w)
{
    if (!w->stopping || w->handshake.list != NULL || w->group.n > 0)
        return false;
    stop_accepting(w); /* which may bring some more */
    return w->group.n == 0;
}

static int
serve(struct worker *w, struct err *err)
{
    share_cpus(w);
    w->accepting = true;
    w->opts->slot->state = STATS_READY;
    stats_wake(w->opts->stats);
    while (!w->ended && !finished(w)) {
        report(w);
        if (loop_turn(&w->loop, err) < 0)
            return -1;
        conn_group_sweep(&w->group);
        admin_sweep(&w->admin);
    }
    return 0;
}

static void
reopen_account(struct reopen *r)
{
    struct worker *w = (struct worker *)((char *)r - offsetof(struct worker, reopen));

    account_reopen(&w->group.account);
}

/* Before the sandbox and the change of user, which may be in the way of a log's file. */
static int
open_account(struct worker *w, struct err *err)
{
    const struct worker_opts *o = w->opts;

    if (account_open(&w->group.account, o->settings, &w->loop, o->slot, err) < 0)
        return -1;
    w->reopen.run = reopen_account;
    reopen_add(&w->reopen);
    return 0;
}

/* What the system does not offer is said once, not by every worker. */
static void
enter_sandbox(const struct worker_opts *opts)
{
    struct err err = ERR_INIT;

    if (opts->settings->sandbox && sandbox_enter(sandbox_parts(opts->settings), &err) < 0 &&
        opts->seat == 0)
        log_warn("the workers' sandbox is not complete, going on: %s", err.msg);
}

int
worker_run(const struct worker_opts *opts)
{
    struct worker w = {.opts = opts, .signals.fd = -1, .admin.source.fd = -1};
    struct err err = ERR_INIT;
    int result = -1;

    struct worker_env env = {.settings = opts->settings,
                             .loop = &w.loop,
                             .group = &w.group,
                             .stats = opts->stats,
                             .slot = opts->slot,
                             .index = opts->seat};

    if (loop_init(&w.loop, &err) == 0) {
        conn_group_init(&w.group, &w.loop, opts->settings, opts->routes);
        watch_timeouts(&w);
        limit_requests(&w);
        env.pool = w.pool = pool_new(&w.loop, &opts->settings->pool, &err);
        if (w.pool != NULL && open_account(&w, &err) == 0 &&
            route_open(opts->routes, &env, &err) == 0 && watch_signals(&w, &err) == 0 &&
            admin_open(&w.admin, &env, opts->settings->log.metrics_fd, &err) == 0 &&
            acceptor_open(&w.acceptor, &w.group, opts->listen, opts->seat, opts->stats, &err) ==
                0) {
            enter_sandbox(opts);
            result = serve(&w, &err);
        }
        admin_close(&w.admin);
        conn_group_close(&w.group);
        account_close(&w.group.account);
        /* What a thread that does not end still uses must stay. */
        if (!pool_free(w.pool))
            _exit(result < 0 ? 1 : 0);
        route_close(opts->routes); /* tunnels have buffers of the group */
        conn_group_done(&w.group);
    }
    if (result < 0)
        log_error("worker %u: %s", opts->seat + 1, err.msg);
    acceptor_done(&w.acceptor);
    if (w.signals.fd >= 0)
        close(w.signals.fd);
    loop_done(&w.loop);
    return result < 0 ? 1 : 0;
}
