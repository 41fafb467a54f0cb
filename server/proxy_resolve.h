/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_PROXY_RESOLVE_H
#define SERVER_PROXY_RESOLVE_H

/*
 * Looks host names up without stopping the loop: getaddrinfo() runs in a thread of its own, which
 * hands its answer over through a socket pair.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "server/loop.h"

struct address;
struct err;

struct proxy_resolve {
    struct loop_source source;
    int their_fd;
    struct loop *loop;
    /* n is 0 when the name has no address; why says so. */
    void (*done)(void *owner, const struct address *v, unsigned n, const char *why);
};

int proxy_resolve_init(struct proxy_resolve *r, struct loop *loop,
                       void (*done)(void *owner, const struct address *v, unsigned n,
                                    const char *why),
                       struct err *err) NODISCARD;
/* No answer comes after this, whatever is still being looked up. */
void proxy_resolve_done(struct proxy_resolve *r);

/* At most max addresses are asked for.  False: no thread can be started. */
bool proxy_resolve_start(struct proxy_resolve *r, const char *host, uint16_t port, unsigned max,
                         void *owner) NODISCARD;

#endif
