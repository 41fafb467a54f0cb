/* SPDX-License-Identifier: Apache-2.0 */
#include "server/exchange.h"
#include "server/handlers.h"
#include "server/stats.h"

static int
open_ready(struct route *route, const struct worker_env *env, struct err *err UNUSED)
{
    route->local = (void *)env->stats;
    return 0;
}

static const char *
why_not(const struct stats *s)
{
    unsigned used = stats_used(s);

    if (s->draining)
        return "draining\n";
    for (unsigned i = 0; i < used; i++) {
        if (s->slots[i].state == STATS_READY)
            return NULL;
    }
    return "no worker is ready\n";
}

/* Whether new clients should come: the server as a whole, whichever worker is asked. */
static void
respond(struct exchange *x)
{
    struct exchange_reply r = EXCHANGE_REPLY_INIT;
    const char *reason = why_not(x->route->local);

    r.type = "text/plain; charset=utf-8";
    r.headers = STR_LIT("Cache-Control: no-store\r\n");
    r.status = reason == NULL ? 200 : 503;
    r.body = reason == NULL ? STR_LIT("ok\n") : str_from(reason);
    exchange_reply(x, &r);
}

const struct handler handler_ready = {
    .name = "ready",
    .path = "/readyz",
    .methods = HTTP_GET | HTTP_HEAD,
    .open = open_ready,
    .respond = respond,
    .probe = true,
};
