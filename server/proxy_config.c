/* SPDX-License-Identifier: Apache-2.0 */
#include "server/proxy_config.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"
#include "server/http_chars.h"
#include "server/http_target.h"

enum { DEFAULT_PORT = 80, NAME_MAX_BYTES = 253 };

static const char scheme[] = "http://";

static struct str
behind(struct str s, size_t n)
{
    return (struct str){s.p + n, s.n - n};
}

static int
set_unix(struct str path, struct proxy_server *s, struct err *err)
{
    cleanup_free char *text = mem_printf("unix:" STR_FMT, STR_ARG(path));
    size_t most = sizeof(s->address.local.sun_path) - 1;

    if (path.n == 0 || path.n > most)
        return err_set(err, ERR_USAGE, "'%s': the path must have 1 to %zu bytes", text, most);
    if (address_parse(text, &s->address, err) < 0)
        return -1;
    s->name = steal_ptr(&text);
    return 0;
}

/* Letters, digits, '-', '_' and dots: what resolvers look up. */
static bool
is_name(struct str host)
{
    bool letter = false;

    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];

        letter = letter || (c | 0x20) >= 'a';
        if (!http_chars_is(c, HTTP_CHAR_HOST) || c == '%' || c == ':')
            return false;
    }
    return letter && host.n <= NAME_MAX_BYTES;
}

static int
set_host(struct str authority, struct proxy_server *s, struct err *err)
{
    struct str port = authority;
    struct str host = str_cut(&port, ':');
    uint64_t number = DEFAULT_PORT;

    s->name = mem_strndup(authority.p, authority.n);
    if (authority.n > 0 && authority.p[0] != ':' && authority.p[0] != '*' &&
        address_of_host(authority, DEFAULT_PORT, &s->address))
        return 0;
    if (!is_name(host) || (port.p != NULL && (!num_parse_u64(port, UINT16_MAX, &number))) ||
        number == 0)
        return err_set(err, ERR_USAGE, "'" STR_FMT "' is no host with a port", STR_ARG(authority));
    s->host = mem_strndup(host.p, host.n);
    s->port = (uint16_t)number;
    return 0;
}

/* What lies before mark, whose last byte begins the base. */
static struct str
split_base(struct str text, const char *mark, struct str *base)
{
    size_t n = strlen(mark);
    const char *at = memmem(text.p, text.n, mark, n);

    if (at == NULL)
        return text;
    *base = behind(text, (size_t)(at - text.p) + n - 1);
    return (struct str){text.p, (size_t)(at - text.p)};
}

/* A path that may stand in a request line as it is; the same for all. */
static int
set_base(struct str base, struct proxy_mount *m, struct err *err)
{
    if (m->n > 1 && (m->base != NULL) != (base.p != NULL))
        return err_set(err, ERR_USAGE, "all servers of one URL must have the same path");
    if (base.p == NULL)
        return 0;
    while (base.n > 0 && base.p[base.n - 1] == '/')
        base.n--;
    if (!http_chars_all(base, HTTP_CHAR_PATH))
        return err_set(err, ERR_USAGE, "'" STR_FMT "' is no path", STR_ARG(base));
    if (m->base != NULL && !str_eq(base, m->base))
        return err_set(err, ERR_USAGE, "all servers of one URL must have the same path");
    if (m->base == NULL)
        m->base = mem_strndup(base.p, base.n);
    return 0;
}

static int
add_server(struct str text, struct proxy_mount *m, struct err *err)
{
    struct proxy_server *s;
    struct str rest = text;
    struct str base = {NULL, 0};
    bool has_scheme = str_starts(text, scheme);

    if (m->n == PROXY_SERVERS_MAX)
        return err_set(err, ERR_USAGE, "more than %d servers", PROXY_SERVERS_MAX);
    m->servers = mem_realloc(m->servers, m->n + 1, sizeof(*m->servers));
    s = &m->servers[m->n++];
    *s = (struct proxy_server){.name = NULL};
    if (has_scheme)
        rest = behind(text, strlen(scheme));
    else if (!str_starts(text, "unix:"))
        return err_set(err, ERR_USAGE, "'" STR_FMT "': write http://HOST:PORT or unix:PATH",
                       STR_ARG(text));
    if (str_starts(rest, "unix:")) {
        rest = split_base(behind(rest, strlen("unix:")), ":/", &base);
        return set_base(base, m, err) < 0 ? -1 : set_unix(rest, s, err);
    }
    rest = split_base(rest, "/", &base);
    return set_base(base, m, err) < 0 ? -1 : set_host(rest, s, err);
}

static int
set_url(struct str url, struct proxy_mount *m, struct err *err)
{
    cleanup_free char *room = mem_alloc(url.n + 1);
    struct str path;

    if (url.n == 0 || url.p[0] != '/' || http_target_path(url, room, &path) != HTTP_PATH_OK)
        return err_set(err, ERR_USAGE, "the URL must be a path such as /");
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    m->url = mem_strndup(path.p, path.n);
    return 0;
}

int
proxy_config_parse(const char *text, struct proxy_mount *out, struct err *err)
{
    struct str rest = str_from(text);
    struct str url = str_cut(&rest, '=');
    struct proxy_mount m = {.url = NULL};
    int result = set_url(url, &m, err);

    if (result == 0 && rest.n == 0)
        result = err_set(err, ERR_USAGE, "write URL=SERVER, such as /=http://127.0.0.1:8001");
    while (result == 0 && rest.p != NULL)
        result = add_server(str_cut(&rest, ','), &m, err);
    if (result < 0) {
        proxy_config_done(&m);
        return err_wrap(err, "--proxy '%s'", text);
    }
    *out = m;
    return 0;
}

void
proxy_config_done(struct proxy_mount *m)
{
    for (size_t i = 0; i < m->n; i++) {
        free(m->servers[i].name);
        free(m->servers[i].host);
    }
    free(m->servers);
    free(m->url);
    free(m->base);
    *m = (struct proxy_mount){.url = NULL};
}
