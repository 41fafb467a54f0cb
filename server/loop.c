/* SPDX-License-Identifier: Apache-2.0 */
#include "server/loop.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "server/timeout.h"

enum { EVENTS_MAX = 128 };

static void
read_clocks(struct loop *l)
{
    l->now_us = clock_system_us();
    l->now_ms = l->now_us / 1000;
    l->now_unix = clock_unix(clock_system());
}

int
loop_init(struct loop *l, struct err *err)
{
    *l = (struct loop){.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    l->last = &l->first;
    if (l->epoll_fd < 0)
        return err_sys(err, "epoll_create1");
    read_clocks(l);
    return 0;
}

void
loop_done(struct loop *l)
{
    if (l->epoll_fd >= 0)
        close(l->epoll_fd);
    l->epoll_fd = -1;
}

int
loop_add(struct loop *l, struct loop_source *s, uint32_t events, struct err *err)
{
    struct epoll_event event = {.events = events, .data.ptr = s};

    if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, s->fd, &event) < 0)
        return err_sys(err, "epoll_ctl");
    return 0;
}

int
loop_change(struct loop *l, struct loop_source *s, uint32_t events, struct err *err)
{
    struct epoll_event event = {.events = events, .data.ptr = s};

    if (epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, s->fd, &event) < 0)
        return err_sys(err, "epoll_ctl");
    return 0;
}

void
loop_remove(struct loop *l, struct loop_source *s)
{
    epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
}

void
loop_watch(struct loop *l, struct timeout_list *list)
{
    assert(l->n_lists < LOOP_LISTS_MAX);
    l->lists[l->n_lists++] = list;
}

void
loop_defer(struct loop *l, struct loop_task *t)
{
    if (t->queued)
        return;
    t->queued = true;
    t->next = NULL;
    *l->last = t;
    l->last = &t->next;
    l->n_tasks++;
}

void
loop_cancel(struct loop *l, struct loop_task *t)
{
    struct loop_task **at = &l->first;

    if (!t->queued)
        return;
    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    if (l->last == &t->next)
        l->last = at;
    t->queued = false;
    l->n_tasks--;
}

/* Only as many as were there at the start: a task may queue itself again. */
static void
run_tasks(struct loop *l)
{
    for (unsigned n = l->n_tasks; n > 0 && l->first != NULL; n--) {
        struct loop_task *t = l->first;

        loop_cancel(l, t);
        t->run(t);
    }
}

static int
wait_ms(const struct loop *l)
{
    int64_t next = INT64_MAX;

    if (l->first != NULL)
        return 0;
    for (unsigned i = 0; i < l->n_lists; i++) {
        int64_t due = timeout_next_ms(l->lists[i]);

        if (due < next)
            next = due;
    }
    if (next == INT64_MAX)
        return -1;
    if (next <= l->now_ms)
        return 0;
    return next - l->now_ms > INT_MAX ? INT_MAX : (int)(next - l->now_ms);
}

int
loop_turn(struct loop *l, struct err *err)
{
    struct epoll_event events[EVENTS_MAX];
    int n = epoll_wait(l->epoll_fd, events, EVENTS_MAX, wait_ms(l));

    if (n < 0 && errno != EINTR)
        return err_sys(err, "epoll_wait");
    read_clocks(l);
    for (int i = 0; i < n; i++) {
        struct loop_source *s = events[i].data.ptr;

        s->ready(s, events[i].events);
    }
    run_tasks(l);
    for (unsigned i = 0; i < l->n_lists; i++)
        timeout_run(l->lists[i], l->now_ms);
    return 0;
}
