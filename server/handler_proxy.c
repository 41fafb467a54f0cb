/* SPDX-License-Identifier: Apache-2.0 */

/* Other servers answer: the exchange goes on to an upstream (proxy_call.h). */

#include "base/mem.h"
#include "server/exchange.h"
#include "server/handlers.h"
#include "server/proxy_call.h"
#include "server/proxy_head.h"
#include "server/settings.h"

/* What all mounts of this process share, from the first that is opened to the last that is closed.
 * A worker is a process with one loop. */
static struct {
    struct proxy proxy;
    unsigned users;
} shared;

static int
open_proxy(struct route *route, const struct worker_env *env, struct err *err)
{
    struct proxy_route *r;

    if (shared.users == 0 && proxy_init(&shared.proxy, env, err) < 0)
        return -1;
    shared.users++;
    r = mem_alloc(sizeof(*r));
    r->proxy = &shared.proxy;
    r->mount = route->proxy;
    proxy_upstream_init(&r->upstreams, r->mount, &env->settings->proxy);
    route->local = r;
    return 0;
}

static void
close_proxy(struct route *route)
{
    struct proxy_route *r = route->local;

    if (r == NULL)
        return;
    route->local = NULL;
    proxy_call_cut_all(r);
    if (--shared.users == 0)
        proxy_done(&shared.proxy);
    proxy_upstream_done(&r->upstreams);
    free(r);
}

static void
respond(struct exchange *x)
{
    if (proxy_head_may_go_on(x->request))
        proxy_call_begin(x->route->local, x);
    else
        exchange_status(x, 204);
}

/* TRACE would show a page's script the cookies that are kept from it. */
const struct handler handler_proxy = {
    .name = "proxy",
    .methods = HTTP_GET | HTTP_HEAD | HTTP_OPTIONS | HTTP_POST | HTTP_PUT | HTTP_DELETE |
               HTTP_PATCH | HTTP_METHOD_OTHER,
    .open = open_proxy,
    .close = close_proxy,
    .respond = respond,
    .body = HANDLER_BODY_STREAM,
    .raw_path = true,
    .aborts_on_eof = true,
    .on_body = proxy_call_body,
    .on_drain = proxy_call_drain,
    .on_abort = proxy_call_abort,
};
