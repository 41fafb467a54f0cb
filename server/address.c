/* SPDX-License-Identifier: Apache-2.0 */
#include "server/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"

enum { HOST_MAX = 64 };

static bool
set_host(struct str host, uint16_t port, struct address *out)
{
    char text[HOST_MAX];
    bool bracketed = host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';

    if (bracketed)
        host = (struct str){host.p + 1, host.n - 2};
    if (host.n >= sizeof(text))
        return false;
    snprintf(text, sizeof(text), STR_FMT, STR_ARG(host));
    memset(out, 0, sizeof(*out));
    out->fd = -1;
    if (bracketed) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(port);
        out->size = sizeof(out->v6);
        return inet_pton(AF_INET6, text, &out->v6.sin6_addr) == 1;
    }
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons(port);
    out->size = sizeof(out->v4);
    if (host.n == 0 || str_eq(host, "*"))
        return true;
    return inet_pton(AF_INET, str_eq(host, "localhost") ? "127.0.0.1" : text, &out->v4.sin_addr) ==
           1;
}

static int
set_path(const char *path, struct address *out, struct err *err)
{
    size_t n = strlen(path);

    if (n == 0 || n >= sizeof(out->local.sun_path))
        return err_set(err, ERR_USAGE, "'unix:%s': the path must have 1 to %zu bytes", path,
                       sizeof(out->local.sun_path) - 1);
    memset(out, 0, sizeof(*out));
    out->fd = -1;
    out->local.sun_family = AF_UNIX;
    memcpy(out->local.sun_path, path, n + 1);
    out->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
    return 0;
}

static int
set_descriptor(const char *text, struct address *out, struct err *err)
{
    uint64_t fd;

    if (!num_parse_u64(str_from(text), INT_MAX, &fd))
        return err_set(err, ERR_USAGE, "'fd://%s': write fd://N with a descriptor's number", text);
    memset(out, 0, sizeof(*out));
    out->any.sa_family = AF_UNSPEC;
    out->fd = (int)fd;
    return 0;
}

/* Where the port begins, behind the last colon that is not inside brackets; or -1. */
static ptrdiff_t
port_at(struct str s)
{
    for (size_t i = s.n; i > 0 && s.p[i - 1] != ']'; i--) {
        if (s.p[i - 1] == ':')
            return (ptrdiff_t)i;
    }
    return -1;
}

int
address_parse(const char *text, struct address *out, struct err *err)
{
    struct str s = str_from(text);
    ptrdiff_t at = port_at(s);
    uint64_t port;

    assert(text != NULL);
    if (str_starts(s, "unix:"))
        return set_path(text + strlen("unix:"), out, err);
    if (str_starts(s, "fd://"))
        return set_descriptor(text + strlen("fd://"), out, err);
    if (at < 0)
        return err_set(err, ERR_USAGE,
                       "'%s': no port: write HOST:PORT, :PORT, [V6]:PORT, unix:PATH or "
                       "fd://N",
                       text);
    if (!num_parse_u64((struct str){s.p + at, s.n - (size_t)at}, 65535, &port))
        return err_set(err, ERR_USAGE, "'%s': the port must be from 0 to 65535", text);
    if (!set_host((struct str){s.p, (size_t)at - 1}, (uint16_t)port, out))
        return err_set(err, ERR_USAGE,
                       "'%s': the host must be an address such as 127.0.0.1, [::] or *", text);
    return 0;
}

bool
address_of_host(struct str host, uint16_t port, struct address *out)
{
    ptrdiff_t at = port_at(host);
    uint64_t v = port;

    if (at < 0)
        return set_host(host, port, out);
    return num_parse_u64((struct str){host.p + at, host.n - (size_t)at}, 65535, &v) &&
           set_host((struct str){host.p, (size_t)at - 1}, (uint16_t)v, out);
}

void
address_format(const struct address *a, char out[ADDRESS_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN] = "?";

    switch (a->any.sa_family) {
    case AF_INET:
        inet_ntop(AF_INET, &a->v4.sin_addr, host, sizeof(host));
        snprintf(out, ADDRESS_TEXT_MAX, "%s:%u", host, ntohs(a->v4.sin_port));
        break;
    case AF_INET6:
        inet_ntop(AF_INET6, &a->v6.sin6_addr, host, sizeof(host));
        snprintf(out, ADDRESS_TEXT_MAX, "[%s]:%u", host, ntohs(a->v6.sin6_port));
        break;
    case AF_UNSPEC:
        snprintf(out, ADDRESS_TEXT_MAX, "fd://%d", a->fd);
        break;
    default:
        snprintf(out, ADDRESS_TEXT_MAX, "unix:%s", a->local.sun_path);
    }
}
