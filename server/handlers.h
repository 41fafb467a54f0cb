/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HANDLERS_H
#define SERVER_HANDLERS_H

/* All handlers there are; each is in handler_<name>.c. */

#include "server/route.h"

extern const struct handler handler_health;     /* GET /healthz */
extern const struct handler handler_posts;      /* GET /api/v1/posts/ */
extern const struct handler handler_posts_bare; /* the same without its last slash */
extern const struct handler handler_proxy;      /* other servers, mounted */
extern const struct handler handler_static;     /* a folder of files, mounted */

#endif
