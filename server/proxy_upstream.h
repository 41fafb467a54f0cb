/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_PROXY_UPSTREAM_H
#define SERVER_PROXY_UPSTREAM_H

/*
 * The servers of one URL as a worker sees them: the one with the fewest requests under way is asked
 * next.  One that fails several times in a row is left alone for a while.  A server without a
 * second one beside it is always asked: nothing is gained by sparing it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/address.h"
#include "server/proxy_config.h"

struct proxy_link;

enum { PROXY_UPSTREAM_ADDRESSES_MAX = 8 };

struct proxy_upstream {
    const struct proxy_server *server;
    /* Of a server that is known by name: what it resolved to, and which one is used. */
    struct address addresses[PROXY_UPSTREAM_ADDRESSES_MAX];
    unsigned n_addresses, at;
    int64_t resolved_ms; /* when; or when that last failed */
    bool resolving, unknown;
    unsigned active; /* requests */
    unsigned fails;  /* in a row */
    int64_t rests_until_ms;
    struct proxy_link *idle; /* connections, the youngest first */
};

struct proxy_upstreams {
    struct proxy_upstream *v;
    size_t n;
    size_t turn; /* who is asked first among equals */
    unsigned max_fails, fail_timeout_ms;
};

void proxy_upstream_init(struct proxy_upstreams *u, const struct proxy_mount *mount,
                         const struct proxy_settings *settings);
void proxy_upstream_done(struct proxy_upstreams *u);

/* One that is not among those tried (a bit each); NULL when all rest. */
struct proxy_upstream *proxy_upstream_choose(struct proxy_upstreams *u, uint64_t tried,
                                             int64_t now_ms);
uint64_t proxy_upstream_bit(const struct proxy_upstreams *u, const struct proxy_upstream *one);

/* How long until the first one may be asked again. */
int64_t proxy_upstream_wait_ms(const struct proxy_upstreams *u, int64_t now_ms);

/* True: it has failed often enough to rest from now on. */
bool proxy_upstream_failed(const struct proxy_upstreams *u, struct proxy_upstream *one,
                           int64_t now_ms);
void proxy_upstream_answered(struct proxy_upstream *one);

#endif
