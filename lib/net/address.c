/* SPDX-License-Identifier: Apache-2.0 */
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "base/str.h"

#define V4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))

/* The first that matches decides. */
static const struct {
    uint32_t net;
    unsigned bits;
    enum address_kind kind;
} nets_v4[] = {
    {V4(169, 254, 169, 254), 32, ADDRESS_METADATA}, /* EC2, GCE, Azure */
    {V4(169, 254, 170, 0), 24, ADDRESS_METADATA},   /* ECS, EKS */
    {V4(100, 100, 100, 200), 32, ADDRESS_METADATA}, /* Alibaba */
    {V4(192, 0, 0, 192), 32, ADDRESS_METADATA},     /* Oracle */
    {V4(168, 63, 129, 16), 32, ADDRESS_METADATA},   /* Azure's WireServer */
    {V4(127, 0, 0, 0), 8, ADDRESS_LOOPBACK},
    {V4(10, 0, 0, 0), 8, ADDRESS_PRIVATE},
    {V4(172, 16, 0, 0), 12, ADDRESS_PRIVATE},
    {V4(192, 168, 0, 0), 16, ADDRESS_PRIVATE},
    {V4(100, 64, 0, 0), 10, ADDRESS_PRIVATE}, /* RFC 6598 */
    {V4(198, 18, 0, 0), 15, ADDRESS_PRIVATE}, /* RFC 2544 */
    {V4(169, 254, 0, 0), 16, ADDRESS_LINK_LOCAL},
    {V4(0, 0, 0, 0), 8, ADDRESS_SPECIAL},
    {V4(192, 0, 0, 0), 24, ADDRESS_SPECIAL},
    {V4(224, 0, 0, 0), 3, ADDRESS_SPECIAL}, /* multicast, reserved, broadcast */
};

static enum address_kind
kind_v4(uint32_t a)
{
    for (size_t i = 0; i < ARRAY_LEN(nets_v4); i++)
        if ((a ^ nets_v4[i].net) >> (32 - nets_v4[i].bits) == 0)
            return nets_v4[i].kind;
    return ADDRESS_PUBLIC;
}

static uint32_t
read_v4(const unsigned char *p)
{
    return V4(p[0], p[1], p[2], p[3]);
}

/* An IPv4 address inside; false when there is none. */
static bool
embedded_v4(const unsigned char a[16], uint32_t *out)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};        /* ::ffff:0:0/96 */
    static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b, [11] = 0}; /* RFC 6052 */
    static const unsigned char compatible[12] = {0};                           /* ::/96 */

    if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0 || memcmp(a, compatible, 12) == 0)
        *out = read_v4(a + 12);
    else if (a[0] == 0x20 && a[1] == 0x02) /* 6to4, RFC 3056 */
        *out = read_v4(a + 2);
    else
        return false;
    return true;
}

static enum address_kind
kind_v6(const unsigned char a[16])
{
    static const unsigned char loopback[16] = {[15] = 1};
    static const unsigned char aws[6] = {0xfd, 0x00, 0x0e, 0xc2, 0, 0}; /* fd00:ec2::254 and ::23 */
    uint32_t v4;

    if (memcmp(a, loopback, 16) == 0)
        return ADDRESS_LOOPBACK;
    if (embedded_v4(a, &v4))
        return kind_v4(v4);
    if (memcmp(a, aws, sizeof(aws)) == 0)
        return ADDRESS_METADATA;
    if ((a[0] & 0xfe) == 0xfc || (a[0] == 0xfe && (a[1] & 0xc0) == 0xc0))
        return ADDRESS_PRIVATE; /* unique local, and site local of old */
    if (a[0] == 0xfe && (a[1] & 0xc0) == 0x80)
        return ADDRESS_LINK_LOCAL;
    return a[0] == 0xff || (a[0] & 0xe0) != 0x20 ? ADDRESS_SPECIAL : ADDRESS_PUBLIC;
}

enum address_kind
address_kind(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, a, sizeof(in));
        return kind_v4(ntohl(in.sin_addr.s_addr));
    }
    if (a->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, a, sizeof(in6));
        return kind_v6(in6.sin6_addr.s6_addr);
    }
    return ADDRESS_SPECIAL;
}

bool
address_kind_of_host(const char *host, enum address_kind *out)
{
    struct in_addr v4;
    struct in6_addr v6;
    char bare[ADDRESS_TEXT_MAX];
    struct str name = str_from(host);

    /* RFC 6761 6.3: localhost and what is below it. */
    if (name.n > 0 && name.p[name.n - 1] == '.')
        name.n--;
    if (str_eq_nocase(name, "localhost") ||
        (name.n > 10 && str_eq_nocase((struct str){name.p + name.n - 10, 10}, ".localhost"))) {
        *out = ADDRESS_LOOPBACK;
        return true;
    }
    snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(host, "%"), host); /* fe80::1%eth0 */
    if (inet_pton(AF_INET, bare, &v4) == 1)
        *out = kind_v4(ntohl(v4.s_addr));
    else if (inet_pton(AF_INET6, bare, &v6) == 1)
        *out = kind_v6(v6.s6_addr);
    else
        return false;
    return true;
}

const char *
address_kind_name(enum address_kind kind)
{
    static const char *const names[] = {
        [ADDRESS_PUBLIC] = "a public address",     [ADDRESS_LOOPBACK] = "a loopback address",
        [ADDRESS_PRIVATE] = "a private address",   [ADDRESS_LINK_LOCAL] = "a link-local address",
        [ADDRESS_METADATA] = "a metadata service", [ADDRESS_SPECIAL] = "a reserved address",
    };

    return names[kind];
}

void
address_write(const struct sockaddr *a, char out[ADDRESS_TEXT_MAX])
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    const char *done = NULL;

    if (a->sa_family == AF_INET) {
        memcpy(&in, a, sizeof(in));
        done = inet_ntop(AF_INET, &in.sin_addr, out, ADDRESS_TEXT_MAX);
    } else if (a->sa_family == AF_INET6) {
        memcpy(&in6, a, sizeof(in6));
        done = inet_ntop(AF_INET6, &in6.sin6_addr, out, ADDRESS_TEXT_MAX);
    }
    if (done == NULL)
        snprintf(out, ADDRESS_TEXT_MAX, "(unknown)");
}
