/* SPDX-License-Identifier: Apache-2.0 */
#include "server/forwarded.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"
#include "server/address.h"

enum { V4_AT = 12, V4_BITS = 32, V6_BITS = 128 };

static const uint8_t mapped[V4_AT] = {[10] = 0xff, [11] = 0xff};

/* False for a family without addresses. */
static bool
bytes_of(const struct address *a, uint8_t out[16])
{
    if (a->any.sa_family == AF_INET) {
        memcpy(out, mapped, sizeof(mapped));
        memcpy(out + V4_AT, &a->v4.sin_addr, 4);
        return true;
    }
    if (a->any.sa_family != AF_INET6)
        return false;
    memcpy(out, &a->v6.sin6_addr, 16);
    return true;
}

/* Whether the first bits of both are the same. */
static bool
same_prefix(const uint8_t a[16], const uint8_t b[16], unsigned bits)
{
    unsigned whole = bits / 8;

    /* Most are whole addresses; a size that is known makes it two comparisons. */
    if (bits == V6_BITS)
        return memcmp(a, b, V6_BITS / 8) == 0;
    return memcmp(a, b, whole) == 0 &&
           (bits % 8 == 0 || ((a[whole] ^ b[whole]) & (0xff00u >> bits % 8)) == 0);
}

static bool
parse_net(struct str text, struct forwarded_net *out)
{
    struct str bits = text;
    struct str host = str_cut(&bits, '/');
    char room[INET6_ADDRSTRLEN];
    unsigned most = V6_BITS;
    uint64_t n;

    if (host.n >= sizeof(room))
        return false;
    memcpy(room, host.p, host.n);
    room[host.n] = '\0';
    if (inet_pton(AF_INET, room, out->prefix + V4_AT) == 1) {
        memcpy(out->prefix, mapped, sizeof(mapped));
        most = V4_BITS;
    } else if (inet_pton(AF_INET6, room, out->prefix) != 1) {
        return false;
    }
    n = most;
    if (bits.p != NULL && !num_parse_u64(bits, most, &n))
        return false;
    out->bits = (uint8_t)(n + (V6_BITS - most));
    return true;
}

int
forwarded_trust_parse(const char *text, struct forwarded_trust *out, struct err *err)
{
    struct str rest = str_from(text);

    *out = (struct forwarded_trust){.all = false};
    while (rest.p != NULL) {
        struct str word = str_trim(str_cut(&rest, ','));
        struct forwarded_net net;

        if (word.n == 0)
            continue;
        if (str_eq(word, "*")) {
            out->all = true;
            continue;
        }
        if (!parse_net(word, &net)) {
            forwarded_trust_done(out);
            return err_set(err, ERR_USAGE,
                           "'" STR_FMT "' is no address or network such as 10.0.0.0/8",
                           STR_ARG(word));
        }
        out->nets = mem_realloc(out->nets, out->n + 1, sizeof(*out->nets));
        out->nets[out->n++] = net;
    }
    return 0;
}

void
forwarded_trust_done(struct forwarded_trust *t)
{
    free(t->nets);
    *t = (struct forwarded_trust){.all = false};
}

bool
forwarded_trusts(const struct forwarded_trust *t, const struct address *peer)
{
    uint8_t bytes[16];

    if (t->all || !bytes_of(peer, bytes))
        return true;
    for (size_t i = 0; i < t->n; i++) {
        if (same_prefix(bytes, t->nets[i].prefix, t->nets[i].bits))
            return true;
    }
    return false;
}

/* What inet_ntop() writes, without the printf() behind it. */
static void
write_v4(const uint8_t *bytes, char *out)
{
    for (int i = 0; i < 4; i++) {
        uint8_t v = bytes[i];

        if (v >= 100)
            *out++ = (char)('0' + v / 100);
        if (v >= 10)
            *out++ = (char)('0' + v / 10 % 10);
        *out++ = (char)('0' + v % 10);
        *out++ = i < 3 ? '.' : '\0';
    }
}

bool
forwarded_host(const struct address *peer, char out[INET6_ADDRSTRLEN])
{
    uint8_t bytes[16];

    if (peer->any.sa_family == AF_INET) {
        write_v4((const uint8_t *)&peer->v4.sin_addr, out);
        return true;
    }
    if (!bytes_of(peer, bytes))
        return false;
    if (memcmp(bytes, mapped, sizeof(mapped)) != 0)
        return inet_ntop(AF_INET6, bytes, out, INET6_ADDRSTRLEN) != NULL;
    write_v4(bytes + V4_AT, out);
    return true;
}
