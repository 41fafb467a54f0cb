/* SPDX-License-Identifier: Apache-2.0 */
#include "server/crew_worker.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/crew.h"
#include "server/listen.h"
#include "server/sandbox.h"
#include "server/settings.h"
#include "server/title.h"
#include "server/user.h"
#include "server/worker.h"

/* Beyond the graceful time, and after SIGABRT, for workers that do not end themselves. */
enum { KILL_AFTER_MS = 1000 };

static int64_t
now_ms(void)
{
    return clock_monotonic_ms(clock_system());
}

bool
crew_worker_is_ready(const struct crew_worker *w)
{
    return w != NULL && w->slot->state == STATS_READY;
}

static NORETURN void
become_worker(struct crew *c, const struct crew_worker *w, pid_t parent)
{
    const struct worker_opts opts = {.settings = c->settings,
                                     .routes = c->routes,
                                     .listen = c->listen,
                                     .stats = c->stats,
                                     .slot = w->slot,
                                     .seat = w->seat};
    struct err err = ERR_INIT;

    title_set("berthd-worker", "berthd: worker %u%s", w->seat + 1, c->settings->name);
    if (c->settings->sandbox)
        sandbox_bound();
    if (user_become(&c->settings->user, &err) < 0) {
        log_error("worker %u: %s", w->seat + 1, err.msg);
        _exit(1);
    }
    /* Orphans would keep the port: when the master is gone, so are we, gracefully.  Becoming
     * another user takes the wish back, so it comes after. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1);
    close(c->signal_fd);
    listen_keep(c->listen, w->seat);
    exit(worker_run(&opts));
}

struct crew_worker *
crew_worker_start(struct crew *c, unsigned seat, struct err *err)
{
    struct crew_worker *w = mem_alloc(sizeof(*w));
    pid_t parent = getpid();

    *w = (struct crew_worker){.seat = seat, .generation = c->generation, .started_ms = now_ms()};
    w->slot = stats_claim(c->stats, seat);
    if (w->slot == NULL) {
        free(w);
        err_set(err, ERR_LIMIT, "there are too many workers that have not ended yet");
        return NULL;
    }
    w->pid = fork();
    if (w->pid == 0)
        become_worker(c, w, parent);
    if (w->pid < 0) {
        err_sys(err, "fork");
        stats_release(w->slot);
        free(w);
        return NULL;
    }
    w->slot->pid = w->pid;
    w->next = c->workers;
    c->workers = w;
    return w;
}

void
crew_worker_order(struct crew_worker *w, enum stats_order what, int number, int64_t deadline_ms)
{
    w->leaving = true;
    w->slot->order = what;
    w->slot->deadline_ms = deadline_ms;
    if (w->kill_at_ms == 0 || w->kill_at_ms > deadline_ms + KILL_AFTER_MS)
        w->kill_at_ms = deadline_ms + KILL_AFTER_MS;
    kill(w->pid, number);
}

void
crew_worker_describe_end(int status, char out[64])
{
    if (WIFSIGNALED(status))
        snprintf(out, 64, "was killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(out, 64, "ended with status %d", WEXITSTATUS(status));
}

/* A pause of the whole container must not count: then the master has stood still as well. */
void
crew_worker_check_all(struct crew *c)
{
    int64_t passed = now_ms() - c->checked_ms;

    if (c->settings->process.timeout_ms == 0 || passed < CREW_WORKER_CHECK_MS)
        return;
    c->checked_ms += passed;
    for (struct crew_worker *w = c->workers; w != NULL; w = w->next) {
        int64_t beat_ms = w->slot->heartbeat_ms;

        w->silent_ms += passed < 2 * CREW_WORKER_CHECK_MS ? passed : 2 * CREW_WORKER_CHECK_MS;
        if (beat_ms != w->beat_ms)
            w->silent_ms = 0;
        w->beat_ms = beat_ms;
        /* The last beat was up to a second old when the silence was first noticed. */
        if (w->silent_ms <= (int64_t)c->settings->process.timeout_ms + CREW_WORKER_CHECK_MS ||
            w->kill_at_ms != 0)
            continue;
        log_error("worker %u (pid %ld) has stood still for %lld s: killing it", w->seat + 1,
                  (long)w->pid, (long long)(w->silent_ms / 1000));
        kill(w->pid, SIGABRT); /* whoever wants to know why finds it in the core */
        w->kill_at_ms = now_ms() + KILL_AFTER_MS;
    }
}

void
crew_worker_kill_overdue(struct crew *c)
{
    int64_t now = now_ms();

    for (struct crew_worker *w = c->workers; w != NULL; w = w->next) {
        if (w->kill_at_ms == 0 || w->kill_at_ms > now)
            continue;
        if (w->leaving)
            log_warn("killing worker %u (pid %ld), which did not end in time", w->seat + 1,
                     (long)w->pid);
        kill(w->pid, SIGKILL);
        w->kill_at_ms = INT64_MAX;
    }
}
