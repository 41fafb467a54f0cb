/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HANDLERS_H
#define SERVER_HANDLERS_H

/* All handlers there are; each is in handler_<name>.c. */

#include "server/route.h"

extern const struct handler handler_health;   /* GET /healthz */
extern const struct handler handler_proxy;    /* other servers, mounted */
extern const struct handler handler_ready;    /* GET /readyz */
extern const struct handler handler_metrics;  /* GET /metrics */
extern const struct handler handler_sql;      /* routes that ask a database, mounted */
extern const struct handler handler_sql_body; /* the same, where requests have a body */
extern const struct handler handler_static;   /* a folder of files, mounted */

/* Adds the routes of the settings, whose statements are checked. */
int handler_sql_mount(struct routes *r, const struct settings *s, struct err *err) NODISCARD;

#endif
