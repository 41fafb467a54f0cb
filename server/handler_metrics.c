/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "server/exchange.h"
#include "server/handlers.h"
#include "server/metrics.h"
#include "server/settings.h"

struct local {
    const struct stats *stats;
    char *throttle_path;
};

static bool
is_public(const struct settings *s)
{
    return s->log.metrics_bind == NULL;
}

static int
open_metrics(struct route *route, const struct worker_env *env, struct err *err UNUSED)
{
    struct local *local = mem_alloc(sizeof(*local));

    local->stats = env->stats;
    local->throttle_path = cpu_throttle_find(&FS_ROOT_SYSTEM);
    route->local = local;
    return 0;
}

static void
close_metrics(struct route *route)
{
    struct local *local = route->local;

    if (local == NULL)
        return;
    free(local->throttle_path);
    free(local);
    route->local = NULL;
}

static void
respond(struct exchange *x)
{
    const struct local *local = x->route->local;
    struct exchange_reply r = EXCHANGE_REPLY_INIT;
    struct metrics m;

    metrics_read(local->stats, local->throttle_path, getppid(), &m);
    metrics_text(&m, x->scratch);
    r.type = "text/plain; version=0.0.4; charset=utf-8";
    r.headers = STR_LIT("Cache-Control: no-store\r\n");
    r.body = buf_view(x->scratch);
    exchange_reply(x, &r);
}

const struct handler handler_metrics = {
    .name = "metrics",
    .path = "/metrics",
    .methods = HTTP_GET | HTTP_HEAD,
    .wanted = is_public,
    .open = open_metrics,
    .close = close_metrics,
    .respond = respond,
    .probe = true,
};
