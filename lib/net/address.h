/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

/*
 * What kind of address a peer has: whoever is told by one peer to go to another one must not be led
 * into a network that only he can reach.  By the special-purpose registries of IANA (RFC 6890) and
 * the documented metadata services of clouds.  An IPv4 address within an IPv6 one (mapped, NAT64,
 * 6to4) counts as what it is.
 */

#include <stdbool.h>

struct sockaddr;

enum address_kind {
    ADDRESS_PUBLIC,
    ADDRESS_LOOPBACK,
    ADDRESS_PRIVATE,
    ADDRESS_LINK_LOCAL,
    ADDRESS_METADATA, /* where credentials of the machine are given out */
    ADDRESS_SPECIAL   /* unspecified, multicast, reserved, or of another family */
};

enum { ADDRESS_TEXT_MAX = 64 };

enum address_kind address_kind(const struct sockaddr *a);

/* Of a host as a URL has it, without brackets, when it is an address or localhost; false for other
 * names, whose addresses only resolving tells. */
bool address_kind_of_host(const char *host, enum address_kind *out);

/* "a loopback address", "a private address", ... */
const char *address_kind_name(enum address_kind kind);

/* The address without a port; "(unknown)" for other families. */
void address_write(const struct sockaddr *a, char out[ADDRESS_TEXT_MAX]);

#endif
