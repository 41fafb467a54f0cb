/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_FORWARDED_H
#define SERVER_FORWARDED_H

/*
 * Whom to believe when a request says where it comes from: load balancers and proxies in front of
 * this server, by address.  A unix socket's peer is always believed: who may open the file is the
 * file system's matter.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct address;
struct err;

struct forwarded_net {
    uint8_t prefix[16]; /* an IPv4 address as ::ffff:a.b.c.d */
    uint8_t bits;
};

struct forwarded_trust {
    bool all;
    struct forwarded_net *nets;
    size_t n;
};

/* A list of addresses and networks "10.0.0.0/8,::1", or "*"; the empty one trusts unix sockets
 * alone. */
int forwarded_trust_parse(const char *text, struct forwarded_trust *out, struct err *err) NODISCARD;
void forwarded_trust_done(struct forwarded_trust *t);

bool forwarded_trusts(const struct forwarded_trust *t, const struct address *peer);

/* The peer's address without its port, an IPv4 one as such even when it came over an IPv6 socket.
 * False for a unix socket, whose peer has none. */
bool forwarded_host(const struct address *peer, char out[INET6_ADDRSTRLEN]);

#endif
