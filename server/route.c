/* SPDX-License-Identifier: Apache-2.0 */
#include "server/route.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "server/bytes.h"
#include "server/handlers.h"
#include "server/http_parse.h"
#include "server/pack.h"
#include "server/settings.h"
#include "server/static_mount.h"

/* Every handler with a path of its own. */
static const struct handler *const handlers[] = {
    &handler_health,
    &handler_ready,
    &handler_metrics,
};

/* What an address for metrics alone serves. */
static const struct handler *const probes[] = {&handler_health, &handler_ready, &handler_metrics};

void
route_add(struct routes *r, struct route route)
{
    r->v = mem_realloc(r->v, r->n + 1, sizeof(*r->v));
    route.path_n = strlen(route.path);
    r->v[r->n++] = route;
}

/* More specific first. */
static int
compare(const void *pa, const void *pb)
{
    const struct route *a = pa;
    const struct route *b = pb;

    if (a->path_n != b->path_n)
        return a->path_n > b->path_n ? -1 : 1;
    if (a->is_prefix != b->is_prefix)
        return a->is_prefix ? 1 : -1;
    return strcmp(a->path, b->path);
}

static int
add_mount(struct routes *r, const struct settings_mount *m, struct err *err)
{
    struct route route = {
        .handler = &handler_static, .path = m->url, .is_prefix = true, .folder = -1};

    if (static_mount_open(m, &route.folder, &route.pack, err) < 0)
        return -1;
    route_add(r, route);
    return 0;
}

static void
add_proxy(struct routes *r, const struct proxy_mount *m)
{
    route_add(r, (struct route){.handler = &handler_proxy,
                                .path = m->url,
                                .is_prefix = true,
                                .folder = -1,
                                .proxy = m});
}

static int
refuse_doubles(const struct routes *r, struct err *err)
{
    for (size_t i = 1; i < r->n; i++) {
        if (compare(&r->v[i - 1], &r->v[i]) == 0)
            return err_set(err, ERR_USAGE, "--static or --proxy %s=... is given twice",
                           r->v[i].path);
    }
    return 0;
}

int
route_init(struct routes *r, const struct settings *s, struct err *err)
{
    *r = (struct routes){NULL, 0};
    for (size_t i = 0; i < ARRAY_LEN(handlers); i++) {
        const struct handler *h = handlers[i];

        if (h->wanted != NULL && !h->wanted(s))
            continue;
        if (h->check != NULL && h->check(s, err) < 0)
            return -1;
        route_add(r, (struct route){.handler = h, .path = h->path, .folder = -1});
    }
    if (s->routes != NULL && handler_sql_mount(r, s, err) < 0)
        return -1;
    for (size_t i = 0; i < s->n_mounts; i++) {
        if (add_mount(r, &s->mounts[i], err) < 0)
            return -1;
    }
    for (size_t i = 0; i < s->n_proxies; i++)
        add_proxy(r, &s->proxies[i]);
    qsort(r->v, r->n, sizeof(*r->v), compare);
    return refuse_doubles(r, err);
}

void
route_init_probes(struct routes *r)
{
    *r = (struct routes){NULL, 0};
    for (size_t i = 0; i < ARRAY_LEN(probes); i++)
        route_add(r, (struct route){.handler = probes[i], .path = probes[i]->path, .folder = -1});
}

void
route_done(struct routes *r)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->v[i].folder >= 0)
            close(r->v[i].folder);
        pack_close(r->v[i].pack);
    }
    free(r->v);
    *r = (struct routes){NULL, 0};
}

int
route_open(struct routes *r, const struct worker_env *env, struct err *err)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct handler *h = r->v[i].handler;

        if (h->open != NULL && h->open(&r->v[i], env, err) < 0)
            return err_wrap(err, "%s", r->v[i].path);
    }
    return 0;
}

void
route_close(struct routes *r)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->v[i].handler->close != NULL)
            r->v[i].handler->close(&r->v[i]);
    }
}

const struct route *
route_find(const struct routes *r, struct str path, struct str *rest)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct route *route = &r->v[i];
        /* "/" is the one path whose slash begins the rest as well. */
        size_t n = route->path_n == 1 ? 0 : route->path_n;

        if (route->is_prefix ? path.n < n || (path.n > n && path.p[n] != '/')
                             : path.n != route->path_n)
            continue;
        if (!bytes_equal(path.p, route->path, n))
            continue;
        *rest = (struct str){path.p + n, path.n - n};
        return route;
    }
    return NULL;
}

void
route_allow(unsigned methods, char out[128])
{
    size_t n = 0;

    methods |= HTTP_OPTIONS;
    n += (size_t)snprintf(out, 128, "Allow:");
    for (unsigned m = 1; m < HTTP_METHOD_OTHER; m <<= 1) {
        if ((methods & m) != 0)
            n += (size_t)snprintf(out + n, 128 - n, " %s,",
                                  http_parse_method_name((enum http_method)m));
    }
    snprintf(out + n - 1, 128 - n + 1, "\r\n");
}
