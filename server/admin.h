/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_ADMIN_H
#define SERVER_ADMIN_H

/*
 * The address of --metrics-bind: /healthz, /readyz and /metrics on a socket that all workers share,
 * whichever of them answers.  It is served to the very end of a worker, also while it drains, and
 * what is asked there counts nowhere.
 */

#include "base/attr.h"
#include "server/conn.h"
#include "server/loop.h"
#include "server/route.h"

struct err;
struct settings;

/* In the master, before the first fork; *out is -1 when there is no such address.  again: another
 * master has it as well, and this one joins. */
int admin_listen(const struct settings *s, bool again, int *out, struct err *err) NODISCARD;

struct admin {
    struct loop_source source;
    struct loop *loop;
    struct timeout_list pauses;
    struct timeout pause;
    struct conn_group group;
    struct routes routes;
};

/* In a worker; fd may be -1.  admin_close() also after a failure. */
int admin_open(struct admin *a, const struct worker_env *env, int fd, struct err *err) NODISCARD;
void admin_close(struct admin *a);

/* After each turn of the loop. */
void admin_sweep(struct admin *a);

#endif
