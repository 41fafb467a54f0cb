/* SPDX-License-Identifier: Apache-2.0 */
#include "server/proxy_protocol.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/num.h"

/* Section 2.1: a line of version 1 has at most 107 bytes with its CR LF. */
enum {
    LINE_MAX_BYTES = 107,
    HEAD_SIZE = 16,
    V4_SIZE = 12,
    V6_SIZE = 36,
    FAMILY_V4 = 1,
    FAMILY_V6 = 2
};

static const char signature[12] = "\r\n\r\n\0\r\nQUIT\n";

static bool
set_host(int family, struct str host, struct address *out)
{
    char text[INET6_ADDRSTRLEN];

    if (host.n >= sizeof(text))
        return false;
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    memset(out, 0, sizeof(*out));
    if (family == AF_INET) {
        out->v4.sin_family = AF_INET;
        out->size = sizeof(out->v4);
        return inet_pton(AF_INET, text, &out->v4.sin_addr) == 1;
    }
    out->v6.sin6_family = AF_INET6;
    out->size = sizeof(out->v6);
    return inet_pton(AF_INET6, text, &out->v6.sin6_addr) == 1;
}

static bool
set_port(struct str text, struct address *out)
{
    uint64_t port;

    if (!num_parse_u64(text, UINT16_MAX, &port))
        return false;
    if (out->any.sa_family == AF_INET)
        out->v4.sin_port = htons((uint16_t)port);
    else
        out->v6.sin6_port = htons((uint16_t)port);
    return true;
}

/* "PROXY TCP4 192.0.2.1 192.0.2.2 5000 80", all of it checked. */
static bool
parse_line(struct str line, struct proxy_protocol *out)
{
    struct str words[6] = {{NULL, 0}};
    struct address destination;
    int family;

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (line.p == NULL)
            return i >= 2 && str_eq(words[1], "UNKNOWN");
        words[i] = str_cut(&line, ' ');
    }
    if (str_eq(words[1], "UNKNOWN"))
        return true;
    if (!str_eq(words[1], "TCP4") && !str_eq(words[1], "TCP6"))
        return false;
    family = str_eq(words[1], "TCP4") ? AF_INET : AF_INET6;
    out->has_source = true;
    return line.p == NULL && set_host(family, words[2], &out->source) &&
           set_host(family, words[3], &destination) && set_port(words[4], &out->source) &&
           set_port(words[5], &destination);
}

static enum proxy_protocol_result
parse_text(const char *p, size_t n, size_t limit, struct proxy_protocol *out)
{
    size_t most = limit < LINE_MAX_BYTES ? limit : LINE_MAX_BYTES;
    const char *lf = memchr(p, '\n', n < most ? n : most);

    if (lf == NULL)
        return n >= most ? PROXY_PROTOCOL_BROKEN : PROXY_PROTOCOL_MORE;
    out->size = (size_t)(lf - p) + 1;
    if (out->size < 2 || lf[-1] != '\r' || !parse_line((struct str){p, out->size - 2}, out))
        return PROXY_PROTOCOL_BROKEN;
    return PROXY_PROTOCOL_DONE;
}

static bool
set_binary(unsigned family, const char *p, size_t n, struct proxy_protocol *out)
{
    struct address *a = &out->source;

    memset(a, 0, sizeof(*a));
    if (family == FAMILY_V4) {
        if (n < V4_SIZE)
            return false;
        a->v4.sin_family = AF_INET;
        a->size = sizeof(a->v4);
        memcpy(&a->v4.sin_addr, p, 4);
        memcpy(&a->v4.sin_port, p + 8, 2);
        out->has_source = true;
    } else if (family == FAMILY_V6) {
        if (n < V6_SIZE)
            return false;
        a->v6.sin6_family = AF_INET6;
        a->size = sizeof(a->v6);
        memcpy(&a->v6.sin6_addr, p, 16);
        memcpy(&a->v6.sin6_port, p + 32, 2);
        out->has_source = true;
    }
    return true;
}

/* Version and command, family and transport, length; what follows the addresses is skipped. */
static enum proxy_protocol_result
parse_binary(const char *p, size_t n, size_t limit, struct proxy_protocol *out)
{
    const unsigned char *u = (const unsigned char *)p;
    size_t length;

    if (n < HEAD_SIZE)
        return PROXY_PROTOCOL_MORE;
    length = (size_t)u[14] << 8 | u[15];
    out->size = HEAD_SIZE + length;
    if ((u[12] != 0x20 && u[12] != 0x21) || out->size > limit)
        return PROXY_PROTOCOL_BROKEN;
    if (n < out->size)
        return PROXY_PROTOCOL_MORE;
    /* 0x20 is LOCAL: the balancer speaks for itself. */
    if (u[12] == 0x21 && !set_binary(u[13] >> 4, p + HEAD_SIZE, length, out))
        return PROXY_PROTOCOL_BROKEN;
    return PROXY_PROTOCOL_DONE;
}

enum proxy_protocol_result
proxy_protocol_parse(const char *p, size_t n, size_t limit, struct proxy_protocol *out)
{
    static const char word[6] = "PROXY ";
    size_t text_n = n < sizeof(word) ? n : sizeof(word);
    size_t binary_n = n < sizeof(signature) ? n : sizeof(signature);

    memset(out, 0, sizeof(*out));
    if (memcmp(p, word, text_n) == 0)
        return n < sizeof(word) ? PROXY_PROTOCOL_MORE : parse_text(p, n, limit, out);
    if (memcmp(p, signature, binary_n) == 0)
        return parse_binary(p, n, limit, out);
    return PROXY_PROTOCOL_BROKEN;
}
