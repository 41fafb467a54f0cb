/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_PROXY_PROTOCOL_H
#define SERVER_PROXY_PROTOCOL_H

/*
 * The header that a load balancer puts before a connection's first byte to tell where it comes
 * from: HAProxy's PROXY protocol, version 1 (a line of text) and 2 (binary).
 * https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "server/address.h"

struct proxy_protocol {
    bool has_source; /* false: a probe of the balancer itself, or an address of no use */
    struct address source;
    size_t size; /* of the header */
};

enum proxy_protocol_result { PROXY_PROTOCOL_MORE, PROXY_PROTOCOL_DONE, PROXY_PROTOCOL_BROKEN };

/* p[0..n) is all that has arrived.  A header above limit bytes is broken. */
enum proxy_protocol_result proxy_protocol_parse(const char *p, size_t n, size_t limit,
                                                struct proxy_protocol *out) NODISCARD;

#endif
