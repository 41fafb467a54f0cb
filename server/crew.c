/* SPDX-License-Identifier: Apache-2.0 */
#include "server/crew.h"

#include <errno.h>
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
#include "server/listen.h"
#include "server/proc_memory.h"
#include "server/sandbox.h"
#include "server/settings.h"
#include "server/title.h"
#include "server/user.h"
#include "server/worker.h"

enum {
    HEALTHY_MS = 5000,    /* a worker that lived this long has not failed at its start */
    PAUSE_FIRST_MS = 100, /* before a worker that failed at its start is started again */
    PAUSE_MAX_MS = 5000,  /* after doubling */
    KILL_AFTER_MS = 1000, /* beyond the graceful time, for workers that do not end themselves */
    CHECK_MS = 1000,      /* between two looks at the heartbeats */
    RETIRE_TRIES = 5      /* of workers that were to empty the queues of a seat and died of it */
};

/* Page tables, stacks and sockets of a worker, which /proc does not tell but the control group
 * counts: 0.1 MiB for an idle one. */
#define KERNEL_BYTES ((uint64_t)256 << 10)

struct crew_worker {
    struct crew_worker *next;
    pid_t pid;
    unsigned seat;
    unsigned generation;
    struct stats_slot *slot;
    int64_t started_ms;
    int64_t kill_at_ms; /* 0: nobody has asked it to end */
    int64_t beat_ms;    /* its last heartbeat */
    int64_t silent_ms;  /* for so long it has been the last */
    bool leaving;       /* not its seat's worker any more */
};

struct crew_seat {
    struct crew_worker *current, *successor;
    int64_t start_at_ms; /* not before */
    unsigned failures;   /* at the start, one after the other */
    bool empty;          /* a worker has left it with nothing in its queues */
};

static int64_t
now_ms(void)
{
    return clock_monotonic_ms(clock_system());
}

static bool
is_ready(const struct crew_worker *w)
{
    return w != NULL && w->slot->state == STATS_READY;
}

/* ---- one worker ---- */

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

static struct crew_worker *
fork_worker(struct crew *c, unsigned seat, struct err *err)
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

/* A worker for a seat, or NULL, to be tried again. */
static struct crew_worker *
start(struct crew *c, unsigned index)
{
    struct crew_seat *s = &c->seats[index];
    struct err err = ERR_INIT;
    struct crew_worker *w;

    if (s->start_at_ms > now_ms())
        return NULL;
    w = fork_worker(c, index, &err);
    if (w == NULL) {
        s->start_at_ms = now_ms() + PAUSE_MAX_MS;
        log_error("worker %u: %s: trying again in %d ms", index + 1, err.msg, PAUSE_MAX_MS);
        return NULL;
    }
    s->empty = false;
    return w;
}

static void
order(struct crew_worker *w, enum stats_order what, int number, int64_t deadline_ms)
{
    w->leaving = true;
    w->slot->order = what;
    w->slot->deadline_ms = deadline_ms;
    if (w->kill_at_ms == 0 || w->kill_at_ms > deadline_ms + KILL_AFTER_MS)
        w->kill_at_ms = deadline_ms + KILL_AFTER_MS;
    kill(w->pid, number);
}

/* Takes a worker from its seat; it ends when what it has in flight is answered. */
static void
leave(struct crew *c, struct crew_worker **place, enum stats_order what)
{
    struct crew_worker *w = *place;

    if (w == NULL)
        return;
    *place = NULL;
    /* Another master has the same sockets, and somebody who accepts from them. */
    order(w, c->shared ? STATS_REPLACED : what, SIGTERM, now_ms() + c->settings->graceful_ms);
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

/* A worker is gone that nobody had asked to: when shall its place be taken? */
static void
plan_restart(struct crew *c, const struct crew_worker *w, int status)
{
    struct crew_seat *s = &c->seats[w->seat];
    int64_t pause = 0;
    char how[64];

    if (now_ms() - w->started_ms >= HEALTHY_MS)
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
    w->slot->restarts++;
    c->stats->restarts++;
    describe_end(status, how);
    log_error("worker %u (pid %ld) %s: starting another in %lld ms", w->seat + 1, (long)w->pid, how,
              (long long)pause);
}

static void
after_leaving(struct crew *c, const struct crew_worker *w, int status)
{
    char how[64];

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        if (w->slot->order == STATS_RETIRED)
            c->seats[w->seat].empty = true;
        return;
    }
    c->seats[w->seat].failures++;
    describe_end(status, how);
    log_warn("worker %u (pid %ld) %s while it was ending", w->seat + 1, (long)w->pid, how);
}

bool
crew_reaped(struct crew *c, pid_t pid, int status)
{
    struct crew_worker **at = &c->workers;
    struct crew_worker *w;

    while (*at != NULL && (*at)->pid != pid)
        at = &(*at)->next;
    w = *at;
    if (w == NULL)
        return false;
    *at = w->next;
    if (c->stopping)
        ;
    else if (w->leaving)
        after_leaving(c, w, status);
    else
        plan_restart(c, w, status);
    if (c->seats[w->seat].current == w)
        c->seats[w->seat].current = mem_take(&c->seats[w->seat].successor);
    else if (c->seats[w->seat].successor == w)
        c->seats[w->seat].successor = NULL;
    stats_release(w->slot);
    free(w);
    return true;
}

/* ---- seats ---- */

static void
replace_with_successor(struct crew *c, struct crew_seat *s)
{
    leave(c, &s->current, STATS_REPLACED);
    s->current = mem_take(&s->successor);
}

static bool
is_due_for_replacement(const struct crew *c, const struct crew_worker *w)
{
    return is_ready(w) && (w->generation != c->generation || w->slot->spent);
}

static void
serve_seat(struct crew *c, unsigned index, bool *replacing)
{
    struct crew_seat *s = &c->seats[index];

    if (s->current == NULL) {
        s->current = start(c, index);
        return;
    }
    if (is_ready(s->successor))
        replace_with_successor(c, s);
    if (s->successor == NULL && !*replacing && is_due_for_replacement(c, s->current))
        s->successor = start(c, index);
    /* One after the other: two of all at the same time may be more than the memory holds. */
    if (s->successor != NULL)
        *replacing = true;
}

static bool
has_worker(const struct crew *c, unsigned seat)
{
    for (const struct crew_worker *w = c->workers; w != NULL; w = w->next) {
        if (w->seat == seat)
            return true;
    }
    return false;
}

/* A seat that is given up.  When its worker dies before the queues are empty, another one has to
 * empty them. */
static void
give_up_seat(struct crew *c, unsigned index)
{
    struct crew_seat *s = &c->seats[index];

    if (s->current != NULL)
        s->empty = false;
    leave(c, &s->successor, STATS_RETIRED);
    leave(c, &s->current, STATS_RETIRED);
    if (!s->empty && s->failures < RETIRE_TRIES && !has_worker(c, index)) {
        s->current = start(c, index);
        leave(c, &s->current, STATS_RETIRED);
    }
}

static void
close_empty_seats(struct crew *c)
{
    while (c->listen->seats > c->wanted) {
        unsigned last = c->listen->seats - 1;
        const struct crew_seat *s = &c->seats[last];

        if (has_worker(c, last) || (!s->empty && s->failures < RETIRE_TRIES))
            return;
        listen_shrink(c->listen);
    }
}

static void
set_seats(struct crew *c)
{
    bool replacing = false;

    for (unsigned i = 0; i < c->listen->seats; i++) {
        if (c->paused) {
            leave(c, &c->seats[i].successor, STATS_STOP);
            leave(c, &c->seats[i].current, STATS_STOP);
        } else if (i < c->wanted) {
            serve_seat(c, i, &replacing);
        } else {
            give_up_seat(c, i);
        }
    }
    if (!c->paused)
        close_empty_seats(c);
}

/* ---- those that stand still, and those that do not end ---- */

/* A pause of the whole container must not count: then the master has stood still as well. */
static void
check_heartbeats(struct crew *c)
{
    int64_t passed = now_ms() - c->checked_ms;

    if (c->settings->process.timeout_ms == 0 || passed < CHECK_MS)
        return;
    c->checked_ms += passed;
    for (struct crew_worker *w = c->workers; w != NULL; w = w->next) {
        int64_t beat_ms = w->slot->heartbeat_ms;

        w->silent_ms += passed < 2 * CHECK_MS ? passed : 2 * CHECK_MS;
        if (beat_ms != w->beat_ms)
            w->silent_ms = 0;
        w->beat_ms = beat_ms;
        /* The last beat was up to a second old when the silence was first noticed. */
        if (w->silent_ms <= (int64_t)c->settings->process.timeout_ms + CHECK_MS ||
            w->kill_at_ms != 0)
            continue;
        log_error("worker %u (pid %ld) has stood still for %lld s: killing it", w->seat + 1,
                  (long)w->pid, (long long)(w->silent_ms / 1000));
        kill(w->pid, SIGABRT); /* whoever wants to know why finds it in the core */
        w->kill_at_ms = now_ms() + KILL_AFTER_MS;
    }
}

static void
kill_overdue(struct crew *c)
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

void
crew_tick(struct crew *c)
{
    if (!c->stopping)
        set_seats(c);
    check_heartbeats(c);
    kill_overdue(c);
}

static int64_t
sooner(int64_t a, int64_t b)
{
    return a < 0 || b < a ? b : a;
}

int64_t
crew_next_ms(const struct crew *c)
{
    int64_t next = -1;

    for (const struct crew_worker *w = c->workers; w != NULL; w = w->next) {
        if (w->kill_at_ms != 0 && w->kill_at_ms != INT64_MAX)
            next = sooner(next, w->kill_at_ms);
    }
    if (c->workers != NULL && c->settings->process.timeout_ms > 0)
        next = sooner(next, c->checked_ms + CHECK_MS);
    for (unsigned i = 0; i < c->listen->seats && !c->stopping && !c->paused; i++) {
        const struct crew_seat *s = &c->seats[i];
        bool missing = i < c->wanted ? s->current == NULL : !s->empty && !has_worker(c, i);

        if (missing || (s->successor == NULL && is_due_for_replacement(c, s->current) &&
                        s->start_at_ms > now_ms()))
            next = sooner(next, s->start_at_ms);
    }
    return next;
}

/* ---- what the master asks for ---- */

static void
add_seats(struct crew *c)
{
    unsigned n = c->listen->seats;

    if (n <= c->n_seats)
        return;
    c->seats = mem_realloc(c->seats, n, sizeof(*c->seats));
    memset(c->seats + c->n_seats, 0, (n - c->n_seats) * sizeof(*c->seats));
    c->n_seats = n;
}

int
crew_want(struct crew *c, unsigned wanted, struct err *err)
{
    int result = 0;

    if (wanted > c->listen->seats && listen_grow(c->listen, wanted, err) < 0) {
        wanted = c->listen->seats;
        result = -1;
    }
    /* What a seat that is used again or no more has been through is no matter now. */
    add_seats(c);
    for (unsigned i = wanted < c->wanted ? wanted : c->wanted; i < c->listen->seats; i++)
        c->seats[i].failures = 0;
    listen_serve(c->listen, wanted);
    c->wanted = wanted;
    c->stats->workers = wanted;
    return result;
}

unsigned
crew_ready(const struct crew *c)
{
    unsigned n = 0;

    for (unsigned i = 0; i < c->wanted; i++)
        n += is_ready(c->seats[i].current);
    return n;
}

bool
crew_is_empty(const struct crew *c)
{
    return c->workers == NULL;
}

void
crew_replace(struct crew *c)
{
    c->generation++;
}

void
crew_pause(struct crew *c)
{
    c->paused = true;
}

void
crew_resume(struct crew *c)
{
    c->paused = false;
}

void
crew_signal(const struct crew *c, int number)
{
    for (const struct crew_worker *w = c->workers; w != NULL; w = w->next)
        kill(w->pid, number);
}

void
crew_stop(struct crew *c, int number, int64_t deadline_ms)
{
    c->stopping = true;
    for (struct crew_worker *w = c->workers; w != NULL; w = w->next) {
        enum stats_order what = (enum stats_order)w->slot->order;

        /* One that is leaving already goes on as it was told. */
        if (!w->leaving)
            what = c->shared ? STATS_REPLACED : STATS_STOP;
        order(w, what, number, deadline_ms);
    }
}

uint64_t
crew_worker_bytes(const struct crew *c)
{
    uint64_t most = 0;

    for (const struct crew_worker *w = c->workers; w != NULL; w = w->next) {
        uint64_t bytes = is_ready(w) ? proc_memory_private(w->pid) : 0;

        if (bytes > most)
            most = bytes;
    }
    return most > 0 ? most + KERNEL_BYTES : 0;
}

void
crew_done(struct crew *c)
{
    while (c->workers != NULL) {
        struct crew_worker *w = c->workers;

        c->workers = w->next;
        free(w);
    }
    free(c->seats);
    c->seats = NULL;
}
