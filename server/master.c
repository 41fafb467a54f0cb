/* SPDX-License-Identifier: Apache-2.0 */
#include "server/master.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "server/crew.h"
#include "server/emf.h"
#include "server/listen.h"
#include "server/options_sql.h"
#include "server/pidfile.h"
#include "server/reopen.h"
#include "server/route.h"
#include "server/settings.h"
#include "server/sizing.h"
#include "server/stats.h"
#include "server/upgrade.h"
#include "server/watch.h"

enum {
    START_MS = 5000, /* for workers to get ready, before it is said that they were started */
    ELDER_MS = 200,  /* between two looks whether the elder master still lives */
    TEXT_MAX = 16 * 1024,
    /* Workers that serve, their successors, and some that take long to end. */
    PROCESSES_MAX = 4 * SIZING_WORKERS_MAX
};

enum stop { STOP_NONE, STOP_DELAYED, STOP_GRACEFUL, STOP_QUICK };

struct master {
    const struct master_opts *opts;
    struct settings *settings;
    struct crew crew;
    struct emf emf;
    int signal_fd;
    sigset_t mask_before;
    enum stop stop;
    int64_t stop_at_ms;  /* STOP_DELAYED: when connections are no longer taken */
    int64_t deadline_ms; /* of the graceful time */
    int64_t look_at_ms;  /* at the limits; -1: never again */
    int64_t start_by_ms; /* until then the first workers may get ready; 0: they did */
    bool measuring;      /* the first worker is alone yet: its size tells how many there may be */
    bool by_hand;        /* TTIN or TTOU decided how many workers there are */
    pid_t heir;          /* the new master of an upgrade, or 0 */
    bool has_elder;      /* this is one, and the old one still lives */
};

static int64_t
now_ms(void)
{
    return clock_monotonic_ms(clock_system());
}

/* ---- how many workers ---- */

static void
want(struct master *m, unsigned workers)
{
    struct err err = ERR_INIT;

    if (crew_want(&m->crew, workers, &err) < 0)
        log_error("no more than %u workers: %s", m->crew.wanted, err.msg);
}

static void
log_change(const struct master *m, unsigned before)
{
    const struct watch *w = m->opts->watch;
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);

    buf_appendf(&text, "%u -> %u worker%s: ", before, w->now.workers,
                w->now.workers == 1 ? "" : "s");
    sizing_reason(&w->ask, &w->now, &text);
    if (!w->now.fixed && w->cpus_before != w->now.cpus)
        buf_appendf(&text, " (was %g)", w->cpus_before);
    log_info("%s", buf_cstr(&text));
}

/* While two masters serve the same sockets, neither changes how many there are. */
static bool
may_change(const struct master *m)
{
    return !m->crew.shared && m->stop == STOP_NONE;
}

static void
follow_limits(struct master *m)
{
    unsigned before = m->crew.wanted;

    if (!may_change(m) || m->by_hand || before == m->opts->watch->now.workers)
        return;
    if (m->start_by_ms == 0)
        log_change(m, before);
    want(m, m->opts->watch->now.workers);
}

static void
look(struct master *m)
{
    const struct sizing *now = &m->opts->watch->now;

    watch_look(m->opts->watch, crew_worker_bytes(&m->crew));
    if (now->source != NULL)
        stats_set_cpus(m->crew.stats, now->cpus, now->source);
    m->look_at_ms =
        m->settings->process.watch_ms > 0 ? now_ms() + m->settings->process.watch_ms : -1;
    follow_limits(m);
}

static void
log_ready(const struct master *m)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);

    sizing_describe(&m->opts->watch->ask, &m->opts->watch->now, &text);
    buf_append_str(&text, "; listening on ");
    listen_format(m->opts->listen, &text);
    log_info("%s", buf_cstr(&text));
}

/* The first workers are ready, or it takes too long.  Memory decides by the size of a worker, and
 * that is known when there is one. */
static void
end_start(struct master *m)
{
    if (m->start_by_ms == 0 || m->stop != STOP_NONE ||
        (crew_ready(&m->crew) < m->crew.wanted && m->crew.stats->restarts == 0 &&
         now_ms() < m->start_by_ms))
        return;
    if (m->measuring) {
        m->measuring = false;
        look(m);
        if (m->crew.wanted > 1) {
            m->start_by_ms = now_ms() + START_MS;
            return;
        }
    }
    m->start_by_ms = 0;
    log_ready(m);
}

/* ---- stopping ---- */

static void
begin_stop(struct master *m, enum stop stop)
{
    if (stop <= m->stop)
        return;
    if (m->stop == STOP_NONE)
        m->deadline_ms = now_ms() + m->settings->graceful_ms;
    m->crew.stats->draining = true;
    if (stop == STOP_DELAYED) {
        m->stop = stop;
        m->stop_at_ms = now_ms() + m->settings->process.drain_delay_ms;
        return;
    }
    m->stop = stop;
    /* The workers have their own; as long as ours are open, the kernel keeps queueing. */
    if (!m->crew.shared)
        listen_stop(m->opts->listen);
    listen_close(m->opts->listen);
    if (stop == STOP_GRACEFUL)
        crew_stop(&m->crew, SIGTERM, m->deadline_ms);
    else
        crew_stop(&m->crew, SIGQUIT, now_ms());
}

static void
on_term(struct master *m)
{
    bool delayed = m->stop == STOP_NONE && m->settings->process.drain_delay_ms > 0;

    begin_stop(m, delayed ? STOP_DELAYED : STOP_GRACEFUL);
}

static void
on_quit(struct master *m)
{
    begin_stop(m, STOP_QUICK);
}

/* ---- the other signals ---- */

/* What is in files may be another thing now: routes and their statements, folders, the database. On
 * failure all stays as it was. */
static int
read_again(struct master *m, struct err *err)
{
    struct settings next = *m->settings;
    struct routes fresh;

    if (next.routes != NULL && (next.routes = options_sql_read(&next, err)) == NULL)
        return -1;
    if (route_init(&fresh, &next, err) < 0) {
        route_done(&fresh);
        options_sql_routes_free(next.routes);
        return -1;
    }
    route_done(m->opts->routes);
    *m->opts->routes = fresh;
    options_sql_routes_free(m->settings->routes);
    m->settings->routes = next.routes;
    return 0;
}

static void
on_hup(struct master *m)
{
    struct err err = ERR_INIT;

    if (read_again(m, &err) < 0) {
        log_error("reload: %s: going on with what was read before", err.msg);
        return;
    }
    m->crew.stats->reloads++;
    m->by_hand = false;
    watch_forget(m->opts->watch);
    look(m);
    crew_resume(&m->crew);
    crew_replace(&m->crew);
    log_info("reload: replacing %u worker%s", m->crew.wanted, m->crew.wanted == 1 ? "" : "s");
}

static void
change_by_hand(struct master *m, const char *signal_name, int change)
{
    unsigned workers = m->crew.wanted + (unsigned)change;

    if (!may_change(m)) {
        log_warn("%s: not while two masters serve", signal_name);
        return;
    }
    if (workers < 1 || workers > m->settings->process.max_workers) {
        log_info("%s: %u worker%s: there may not be %s", signal_name, m->crew.wanted,
                 m->crew.wanted == 1 ? "" : "s", workers < 1 ? "fewer" : "more");
        return;
    }
    m->by_hand = true;
    log_info("%u -> %u worker%s: %s", m->crew.wanted, workers, workers == 1 ? "" : "s",
             signal_name);
    want(m, workers);
}

static void
on_ttin(struct master *m)
{
    if (m->crew.paused) {
        crew_resume(&m->crew);
        log_info("TTIN: starting workers again");
        return;
    }
    change_by_hand(m, "TTIN", 1);
}

static void
on_ttou(struct master *m)
{
    change_by_hand(m, "TTOU", -1);
}

static void
on_usr1(struct master *m)
{
    reopen_run();
    crew_signal(&m->crew, SIGUSR1);
}

static void
on_usr2(struct master *m)
{
    struct err err = ERR_INIT;
    pid_t pid;

    if (getpid() == 1) {
        log_warn("USR2: no upgrade: the container would end with its first process");
        return;
    }
    if (m->crew.shared) {
        log_warn("USR2: an upgrade is going on already");
        return;
    }
    pid = upgrade_start(m->opts->listen, &m->mask_before, &err);
    if (pid < 0) {
        log_error("USR2: no upgrade: %s", err.msg);
        return;
    }
    log_info("USR2: a new master starts as process %ld", (long)pid);
    m->heir = pid;
    m->crew.shared = true;
    /* From now on it is the new one that may say which sockets get connections. */
    m->opts->listen->spread = true;
    m->opts->listen->keep_names = true;
}

/* A terminal sends it to all when its window changes. */
static void
on_winch(struct master *m)
{
    cleanup_fd int terminal = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (terminal >= 0) {
        log_debug("WINCH: ignored in a terminal");
        return;
    }
    log_info("WINCH: stopping the workers");
    crew_pause(&m->crew);
}

static const struct {
    int number;
    void (*act)(struct master *m);
    bool at_stop; /* also while it is stopping */
} signals[] = {
    {SIGTERM, on_term, true},  {SIGINT, on_quit, true},   {SIGQUIT, on_quit, true},
    {SIGUSR1, on_usr1, true},  {SIGHUP, on_hup, false},   {SIGTTIN, on_ttin, false},
    {SIGTTOU, on_ttou, false}, {SIGUSR2, on_usr2, false}, {SIGWINCH, on_winch, false},
};

/* Blocked before the first fork, so that none can be lost between a worker's start and the moment
 * it listens for them. */
static int
block_signals(struct master *m, struct err *err)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (size_t i = 0; i < ARRAY_LEN(signals); i++)
        sigaddset(&set, signals[i].number);
    sigprocmask(SIG_BLOCK, &set, &m->mask_before);
    signal(SIGPIPE, SIG_IGN);
    m->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return m->signal_fd < 0 ? err_sys(err, "signalfd") : 0;
}

static void
obey_signals(struct master *m)
{
    struct signalfd_siginfo info;

    while (read(m->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
            if (signals[i].number == (int)info.ssi_signo &&
                (m->stop == STOP_NONE || signals[i].at_stop))
                signals[i].act(m);
        }
    }
}

/* ---- two masters ---- */

static void
after_heir(struct master *m)
{
    log_warn("the new master (pid %ld) has ended: this one goes on", (long)m->heir);
    m->heir = 0;
    m->crew.shared = false;
    m->opts->listen->keep_names = false;
    want(m, m->crew.wanted);
    crew_resume(&m->crew);
}

static void
after_elder(struct master *m)
{
    struct err err = ERR_INIT;

    log_info("the old master has ended");
    m->has_elder = false;
    m->crew.shared = false;
    m->opts->listen->keep_names = false;
    if (pidfile_promote(m->opts->pidfile, &err) < 0)
        log_error("%s", err.msg);
    if (m->stop == STOP_NONE && !m->by_hand)
        want(m, m->opts->watch->now.workers);
}

static void
reap(struct master *m)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (!crew_reaped(&m->crew, pid, status) && pid == m->heir && m->stop == STOP_NONE)
            after_heir(m);
    }
}

/* ---- the loop ---- */

static int64_t
sooner(int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* When something is to be done without a signal, or -1. */
static int64_t
next_ms(const struct master *m)
{
    int64_t next = crew_next_ms(&m->crew);

    if (m->stop == STOP_NONE)
        next = sooner(next, m->look_at_ms);
    if (m->stop == STOP_DELAYED)
        next = sooner(next, m->stop_at_ms);
    if (m->start_by_ms > 0 && m->stop == STOP_NONE)
        next = sooner(next, m->start_by_ms);
    if (m->has_elder)
        next = sooner(next, now_ms() + ELDER_MS);
    return sooner(next, emf_next_ms(&m->emf));
}

static void
wait_for_something(const struct master *m)
{
    struct pollfd fds[] = {{.fd = m->signal_fd, .events = POLLIN},
                           {.fd = m->crew.stats->wake_fd, .events = POLLIN}};
    int64_t next = next_ms(m);
    int64_t left = next - now_ms();
    uint64_t times;

    if (next < 0)
        left = -1;
    else if (left < 0)
        left = 0;
    /* What poll() might have to say does not matter: everything is looked at after it. */
    if (poll(fds, ARRAY_LEN(fds), left > INT_MAX ? INT_MAX : (int)left) > 0 &&
        read(m->crew.stats->wake_fd, &times, sizeof(times)) < 0 && errno != EAGAIN)
        log_debug("eventfd: %m");
}

static void
supervise(struct master *m)
{
    while (m->stop < STOP_GRACEFUL || !crew_is_empty(&m->crew)) {
        wait_for_something(m);
        obey_signals(m);
        reap(m);
        end_start(m);
        if (m->has_elder && upgrade_elder() == 0)
            after_elder(m);
        if (m->stop == STOP_DELAYED && now_ms() >= m->stop_at_ms)
            begin_stop(m, STOP_GRACEFUL);
        if (m->stop == STOP_NONE && m->look_at_ms >= 0 && now_ms() >= m->look_at_ms)
            look(m);
        crew_tick(&m->crew);
        emf_tick(&m->emf, m->crew.stats, now_ms(), false);
    }
    emf_tick(&m->emf, m->crew.stats, now_ms(), true);
}

/* The first workers.  With an elder as many as it has sockets for, none of which may be left
 * without one. */
static int
begin(struct master *m, struct err *err)
{
    const struct sizing *s = &m->opts->watch->now;
    unsigned workers = s->workers;

    m->opts->listen->keep_names = upgrade_elder() != 0;
    if (upgrade_elder() != 0) {
        m->has_elder = true;
        m->crew.shared = true;
        workers = m->opts->listen->seats;
    } else if (!s->fixed && s->memory_bytes > 0 && s->workers > 1) {
        m->measuring = true;
        workers = 1;
    }
    if (crew_want(&m->crew, workers, err) < 0)
        return -1;
    if (s->source != NULL)
        stats_set_cpus(m->crew.stats, s->cpus, s->source);
    crew_tick(&m->crew);
    m->start_by_ms = now_ms() + START_MS;
    /* Where a number was given nobody has looked yet. */
    m->look_at_ms = s->fixed                            ? now_ms()
                    : m->settings->process.watch_ms > 0 ? now_ms() + m->settings->process.watch_ms
                                                        : -1;
    return 0;
}

int
master_run(const struct master_opts *opts, struct err *err)
{
    struct master m = {.opts = opts, .settings = opts->settings, .signal_fd = -1};
    int result = -1;

    m.crew =
        (struct crew){.settings = opts->settings, .routes = opts->routes, .listen = opts->listen};
    m.crew.stats = stats_open(PROCESSES_MAX, err);
    if (m.crew.stats == NULL)
        return -1;
    if (block_signals(&m, err) == 0) {
        m.crew.signal_fd = m.signal_fd;
        m.crew.checked_ms = now_ms();
        result = begin(&m, err);
    }
    emf_open(&m.emf, opts->settings->log.emf, opts->settings->log.emf_ms, m.crew.stats, now_ms());
    if (result == 0)
        supervise(&m);
    emf_close(&m.emf);
    if (m.signal_fd >= 0)
        close(m.signal_fd);
    crew_done(&m.crew);
    stats_close(m.crew.stats);
    return result;
}
