/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_TIMEOUT_H
#define SERVER_TIMEOUT_H

/*
 * Timeouts without a heap: all that wait for the same length of time stand in one list, which is
 * then sorted by itself, so that arming, disarming and looking for the next are a few pointers.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timeout_list;

struct timeout {
    struct timeout *next, *prev;
    struct timeout_list *list; /* NULL when not armed */
    int64_t since_ms;
};

struct timeout_list {
    struct timeout head;
    int64_t after_ms;
    void (*expired)(struct timeout *t, void *ctx); /* t is disarmed already */
    void *ctx;
};

void timeout_list_init(struct timeout_list *l, int64_t after_ms,
                       void (*expired)(struct timeout *t, void *ctx), void *ctx);

/* Starts anew when it is armed already, in this list or another. */
void timeout_arm(struct timeout_list *l, struct timeout *t, int64_t now_ms);

/* Here, because most that are asked to are not armed. */
static inline void
timeout_disarm(struct timeout *t)
{
    if (t->list == NULL)
        return;
    t->prev->next = t->next;
    t->next->prev = t->prev;
    t->list = NULL;
}

/* The one that has waited longest, or NULL. */
struct timeout *timeout_oldest(const struct timeout_list *l);

/* When the next one is due, or INT64_MAX. */
int64_t timeout_next_ms(const struct timeout_list *l);

/* Calls expired() for all that are due. */
void timeout_run(struct timeout_list *l, int64_t now_ms);

#endif
