/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_LOOP_H
#define SERVER_LOOP_H

/*
 * One epoll loop: sources of events, timeout lists, and tasks that run once in the next turn.  The
 * time is read once a turn and shared by all that happens in it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct err;
struct timeout_list;

struct loop_source {
    void (*ready)(struct loop_source *self, uint32_t events); /* EPOLLIN, ... */
    int fd;
};

struct loop_task {
    void (*run)(struct loop_task *self);
    struct loop_task *next;
    bool queued;
};

enum { LOOP_LISTS_MAX = 64 };

struct loop {
    int epoll_fd;
    int64_t now_us;   /* monotonic, read once a turn */
    int64_t now_ms;   /* monotonic */
    int64_t now_unix; /* seconds */
    struct timeout_list *lists[LOOP_LISTS_MAX];
    unsigned n_lists;
    struct loop_task *first, **last;
    unsigned n_tasks;
};

int loop_init(struct loop *l, struct err *err) NODISCARD;
void loop_done(struct loop *l);

/* events as for epoll_ctl(); the source must stay until loop_remove(). */
int loop_add(struct loop *l, struct loop_source *s, uint32_t events, struct err *err) NODISCARD;
void loop_remove(struct loop *l, struct loop_source *s);
/* Other events from now on. */
int loop_change(struct loop *l, struct loop_source *s, uint32_t events, struct err *err) NODISCARD;

/* The list must outlive the loop. */
void loop_watch(struct loop *l, struct timeout_list *list);

/* Runs the task in the next turn, which then does not wait; nothing when it is queued already. */
void loop_defer(struct loop *l, struct loop_task *t);
/* Takes a task back. */
void loop_cancel(struct loop *l, struct loop_task *t);

/* One turn: waits for events, handles them, runs tasks and what is due. */
int loop_turn(struct loop *l, struct err *err) NODISCARD;

#endif
