/* SPDX-License-Identifier: Apache-2.0 */
#include "server/proxy_upstream.h"

#include "base/mem.h"

void
proxy_upstream_init(struct proxy_upstreams *u, const struct proxy_mount *mount,
                    const struct proxy_settings *settings)
{
    *u = (struct proxy_upstreams){
        .v = mem_alloc(mount->n * sizeof(*u->v)),
        .n = mount->n,
        .max_fails = settings->max_fails,
        .fail_timeout_ms = settings->fail_timeout_ms,
    };
    for (size_t i = 0; i < u->n; i++) {
        struct proxy_upstream *one = &u->v[i];

        one->server = &mount->servers[i];
        if (one->server->host != NULL)
            continue;
        one->addresses[0] = one->server->address;
        one->n_addresses = 1;
    }
}

void
proxy_upstream_done(struct proxy_upstreams *u)
{
    free(u->v);
    *u = (struct proxy_upstreams){.v = NULL};
}

uint64_t
proxy_upstream_bit(const struct proxy_upstreams *u, const struct proxy_upstream *one)
{
    return UINT64_C(1) << (size_t)(one - u->v);
}

struct proxy_upstream *
proxy_upstream_choose(struct proxy_upstreams *u, uint64_t tried, int64_t now_ms)
{
    struct proxy_upstream *best = NULL;

    for (size_t i = 0; i < u->n; i++) {
        struct proxy_upstream *one = &u->v[(u->turn + i) % u->n];

        if ((tried & proxy_upstream_bit(u, one)) != 0 || one->rests_until_ms > now_ms)
            continue;
        if (best == NULL || one->active < best->active)
            best = one;
    }
    if (best != NULL)
        u->turn = ((size_t)(best - u->v) + 1) % u->n;
    return best;
}

int64_t
proxy_upstream_wait_ms(const struct proxy_upstreams *u, int64_t now_ms)
{
    int64_t least = INT64_MAX;

    for (size_t i = 0; i < u->n; i++) {
        int64_t wait = u->v[i].rests_until_ms - now_ms;

        if (wait < least)
            least = wait;
    }
    return least > 0 ? least : 0;
}

bool
proxy_upstream_failed(const struct proxy_upstreams *u, struct proxy_upstream *one, int64_t now_ms)
{
    one->fails++;
    if (u->n < 2 || u->max_fails == 0 || one->fails < u->max_fails)
        return false;
    /* Once it has rested a single failure is enough to rest again. */
    one->rests_until_ms = now_ms + u->fail_timeout_ms;
    return true;
}

void
proxy_upstream_answered(struct proxy_upstream *one)
{
    one->fails = 0;
    one->rests_until_ms = 0;
}
