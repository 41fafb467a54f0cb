/* SPDX-License-Identifier: Apache-2.0 */
#include "server/master.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/listen.h"
#include "server/sandbox.h"
#include "server/settings.h"
#include "server/title.h"
#include "server/user.h"
#include "server/worker.h"

enum {
    HEALTHY_MS = 5000,    /* a worker that lived this long has not failed at its start */
    PAUSE_FIRST_MS = 100, /* before a worker that failed at its start is started again */
    PAUSE_MAX_MS = 5000,  /* after doubling */
    KILL_AFTER_MS = 1000  /* beyond the graceful time, for workers that do not end themselves */
};

struct slot {
    pid_t pid; /* 0: none runs */
    int64_t started_ms;
    int64_t start_at_ms; /* when pid is 0 */
    unsigned failures;   /* at the start, one after the other */
};

enum stop { STOP_NONE, STOP_GRACEFUL, STOP_QUICK };

struct master {
    const struct settings *settings;
    struct routes *routes;
    struct listen_set *listen;
    struct slot *slots;
    unsigned n;
    sigset_t signals, mask_before;
    enum stop stop;
    int64_t kill_at_ms;
    bool killed;
};

static int64_t
now_ms(void)
{
    return clock_monotonic_ms(clock_system());
}

static NORETURN void
become_worker(struct master *m, unsigned index, pid_t parent)
{
    struct err err = ERR_INIT;
    int status;

    title_set("berthd-worker", "berthd: worker %u%s", index + 1, m->settings->name);
    if (m->settings->sandbox)
        sandbox_bound();
    if (user_become(&m->settings->user, &err) < 0) {
        log_error("worker %u: %s", index + 1, err.msg);
        _exit(1);
    }
    /* Orphans would keep the port: when the master is gone, so are we, gracefully.  Becoming
     * another user takes the wish back, so it comes after. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1);
    listen_keep(m->listen, index);
    free(m->slots);
    status = worker_run(m->settings, m->routes, m->listen, index);
    exit(status);
}

static int
start_worker(struct master *m, unsigned index, struct err *err)
{
    struct slot *s = &m->slots[index];
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid < 0)
        return err_sys(err, "fork");
    if (pid == 0)
        become_worker(m, index, parent);
    s->pid = pid;
    s->started_ms = now_ms();
    return 0;
}

static void
signal_all(const struct master *m, int number)
{
    for (unsigned i = 0; i < m->n; i++) {
        if (m->slots[i].pid > 0)
            kill(m->slots[i].pid, number);
    }
}

static void
describe_end(int status, char out[64])
{
    if (WIFSIGNALED(status))
        snprintf(out, 64, "was killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(out, 64, "ended with status %d", WEXITSTATUS(status));
}

/* A worker is gone: when shall its place be taken? */
static void
plan_restart(struct master *m, unsigned index, int status)
{
    struct slot *s = &m->slots[index];
    int64_t pause = 0;
    char how[64];
    long pid = s->pid;

    s->pid = 0;
    if (m->stop != STOP_NONE)
        return;
    if (now_ms() - s->started_ms >= HEALTHY_MS)
        s->failures = 0;
    else
        s->failures++;
    /* The first death may be an accident; a second one so soon looks like a rule. */
    if (s->failures > 1) {
        unsigned doubled = s->failures - 2 < 8 ? s->failures - 2 : 8;

        pause = (int64_t)PAUSE_FIRST_MS << doubled;
        pause = pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS;
    }
    s->start_at_ms = now_ms() + pause;
    describe_end(status, how);
    log_error("worker %u (pid %ld) %s: starting another in %lld ms", index + 1, pid, how,
              (long long)pause);
}

static void
reap(struct master *m)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (unsigned i = 0; i < m->n; i++) {
            if (m->slots[i].pid == pid)
                plan_restart(m, i, status);
        }
    }
}

static void
restart_due(struct master *m)
{
    for (unsigned i = 0; i < m->n && m->stop == STOP_NONE; i++) {
        struct slot *s = &m->slots[i];
        struct err err = ERR_INIT;

        if (s->pid != 0 || s->start_at_ms > now_ms())
            continue;
        if (start_worker(m, i, &err) < 0) {
            s->start_at_ms = now_ms() + PAUSE_MAX_MS;
            log_error("worker %u: %s: trying again in %d ms", i + 1, err.msg, PAUSE_MAX_MS);
        }
    }
}

static void
begin_stop(struct master *m, enum stop stop)
{
    if (stop <= m->stop)
        return;
    m->stop = stop;
    m->kill_at_ms =
        now_ms() + KILL_AFTER_MS + (stop == STOP_GRACEFUL ? (int64_t)m->settings->graceful_ms : 0);
    /* The workers have their own; as long as ours are open, the kernel keeps queueing. */
    listen_stop(m->listen);
    listen_close(m->listen);
    signal_all(m, stop == STOP_GRACEFUL ? SIGTERM : SIGQUIT);
}

static bool
has_children(const struct master *m)
{
    for (unsigned i = 0; i < m->n; i++) {
        if (m->slots[i].pid > 0)
            return true;
    }
    return false;
}

/* When something is to be done without a signal, or -1. */
static int64_t
next_ms(const struct master *m)
{
    int64_t next = -1;

    if (m->stop != STOP_NONE)
        return m->killed ? -1 : m->kill_at_ms;
    for (unsigned i = 0; i < m->n; i++) {
        const struct slot *s = &m->slots[i];

        if (s->pid == 0 && (next < 0 || s->start_at_ms < next))
            next = s->start_at_ms;
    }
    return next;
}

/* The signal that came, or 0 when it was time for something else. */
static int
wait_signal(const struct master *m)
{
    int64_t next = next_ms(m);
    int64_t left = next - now_ms();
    struct timespec t;
    int number;

    if (next < 0)
        return sigwaitinfo(&m->signals, NULL);
    if (left < 0)
        left = 0;
    t = (struct timespec){left / 1000, left % 1000 * 1000000};
    number = sigtimedwait(&m->signals, NULL, &t);
    return number > 0 ? number : 0;
}

static void
supervise(struct master *m)
{
    while (m->stop == STOP_NONE || has_children(m)) {
        switch (wait_signal(m)) {
        case SIGTERM:
            begin_stop(m, STOP_GRACEFUL);
            break;
        case SIGINT:
        case SIGQUIT:
            begin_stop(m, STOP_QUICK);
            break;
        default:
            break;
        }
        reap(m);
        restart_due(m);
        if (m->stop != STOP_NONE && !m->killed && now_ms() >= m->kill_at_ms && has_children(m)) {
            log_warn("killing workers that did not end in time");
            signal_all(m, SIGKILL);
            m->killed = true;
        }
    }
}

/* Blocked before the first fork, so that none can be lost between a worker's start and the moment
 * it listens for them. */
static void
block_signals(struct master *m)
{
    static const int taken[] = {SIGCHLD, SIGTERM, SIGINT, SIGQUIT};
    static const int ignored[] = {SIGPIPE, SIGHUP, SIGUSR1, SIGUSR2};

    sigemptyset(&m->signals);
    for (size_t i = 0; i < ARRAY_LEN(taken); i++)
        sigaddset(&m->signals, taken[i]);
    sigprocmask(SIG_BLOCK, &m->signals, &m->mask_before);
    for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
        signal(ignored[i], SIG_IGN);
}

int
master_run(const struct settings *settings, struct routes *routes, struct listen_set *listen,
           const char *ready, struct err *err)
{
    struct master m = {.settings = settings, .routes = routes, .listen = listen};

    m.n = listen->workers;
    m.slots = mem_alloc(m.n * sizeof(*m.slots));
    block_signals(&m);
    for (unsigned i = 0; i < m.n; i++) {
        if (start_worker(&m, i, err) < 0) {
            begin_stop(&m, STOP_QUICK);
            supervise(&m);
            free(m.slots);
            return -1;
        }
    }
    log_info("%s", ready);
    supervise(&m);
    free(m.slots);
    return 0;
}
