/* SPDX-License-Identifier: Apache-2.0 */
#include "server/timeout.h"

#include <stddef.h>

void
timeout_list_init(struct timeout_list *l, int64_t after_ms,
                  void (*expired)(struct timeout *t, void *ctx), void *ctx)
{
    *l = (struct timeout_list){.after_ms = after_ms, .expired = expired, .ctx = ctx};
    l->head.next = &l->head;
    l->head.prev = &l->head;
}

void
timeout_arm(struct timeout_list *l, struct timeout *t, int64_t now_ms)
{
    timeout_disarm(t);
    t->list = l;
    t->since_ms = now_ms;
    t->prev = l->head.prev;
    t->next = &l->head;
    t->prev->next = t;
    l->head.prev = t;
}

struct timeout *
timeout_oldest(const struct timeout_list *l)
{
    return l->head.next != &l->head ? l->head.next : NULL;
}

int64_t
timeout_next_ms(const struct timeout_list *l)
{
    const struct timeout *t = timeout_oldest(l);

    return t != NULL ? t->since_ms + l->after_ms : INT64_MAX;
}

void
timeout_run(struct timeout_list *l, int64_t now_ms)
{
    struct timeout *t;

    while ((t = timeout_oldest(l)) != NULL && t->since_ms + l->after_ms <= now_ms) {
        timeout_disarm(t);
        l->expired(t, l->ctx);
    }
}
