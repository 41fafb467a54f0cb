/* SPDX-License-Identifier: Apache-2.0 */
#include "server/listen.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "server/inherit.h"
#include "server/listen_filter.h"
#include "server/listen_open.h"
#include "server/settings.h"

static void
find_real(struct listen_address *a)
{
    a->real = (struct address){.size = sizeof(a->real.local), .fd = -1};
    getsockname(a->fds[0], &a->real.any, &a->real.size);
}

static void
add(struct listen_address *a, int fd)
{
    a->fds = mem_realloc(a->fds, a->n_fds + 1, sizeof(*a->fds));
    a->fds[a->n_fds++] = fd;
}

static void
close_from(struct listen_address *a, unsigned first)
{
    while (a->n_fds > first) {
        a->n_fds--;
        if (a->fds[a->n_fds] >= 0)
            close(a->fds[a->n_fds]);
    }
}

/* Sockets that an earlier master listens on: they keep their queues and their order. */
static int
take_handed(struct listen_address *a, int *fds, unsigned n, struct err *err)
{
    for (unsigned i = 0; i < n; i++) {
        if (listen_adopt(fds[i], err) < 0)
            return -1;
        add(a, fds[i]);
    }
    return 0;
}

static int
open_first(struct listen_address *a, const struct settings *s, struct err *err)
{
    struct address address;
    int fd;

    if (address_parse(a->bind, &address, err) < 0)
        return -1;
    a->given = address.any.sa_family == AF_UNSPEC;
    a->shared = a->given || address.any.sa_family == AF_UNIX;
    if (a->n_fds > 0)
        return 0;
    if (a->given)
        fd = listen_adopt(address.fd, err);
    else if (a->shared)
        fd = listen_open_local(&address, s, err);
    else
        fd = listen_open_tcp(&address, s->process.reuse_port ? LISTEN_FIRST_REUSE : LISTEN_FIRST,
                             err);
    if (fd < 0)
        return -1;
    add(a, fd);
    if (!a->given && listen(fd, s->backlog) < 0)
        return err_sys(err, "listen");
    return 0;
}

static int
open_address(struct listen_address *a, const struct settings *s, const char *handed,
             struct err *err)
{
    cleanup_free int *fds = NULL;
    unsigned n = 0;

    if (handed != NULL && (inherit_find(str_from(handed), a->bind, &fds, &n, err) < 0 ||
                           take_handed(a, fds, n, err) < 0))
        return err_wrap(err, "sockets of the earlier master");
    if (open_first(a, s, err) < 0)
        return err_wrap(err, "listen on %s", a->bind);
    find_real(a);
    return 0;
}

int
listen_open(struct listen_set *l, const struct settings *s, const char *handed, struct err *err)
{
    *l = (struct listen_set){.settings = s, .n = (unsigned)s->n_binds, .seats = 1};
    l->keep_names = handed != NULL; /* the earlier master still uses them */
    l->v = mem_alloc(l->n * sizeof(*l->v));
    for (unsigned i = 0; i < l->n; i++)
        l->v[i].bind = s->binds[i];
    for (unsigned i = 0; i < l->n; i++) {
        if (open_address(&l->v[i], s, handed, err) < 0) {
            listen_done(l);
            return -1;
        }
        if (!l->v[i].shared && l->v[i].n_fds > l->seats)
            l->seats = l->v[i].n_fds;
    }
    /* An address that is new since the upgrade has one yet. */
    if (listen_grow(l, l->seats, err) < 0) {
        listen_done(l);
        return -1;
    }
    return 0;
}

/* Bound first and only then told to listen, so that the kernel never knows half of them. */
static int
grow_address(struct listen_address *a, unsigned seats, int backlog, struct err *err)
{
    unsigned before = a->n_fds;
    char text[ADDRESS_TEXT_MAX];

    address_format(&a->real, text);
    while (!a->shared && a->n_fds < seats) {
        int fd = listen_open_tcp(&a->real, LISTEN_NEXT, err);

        if (fd < 0)
            return err_wrap(err, "listen on %s", text);
        add(a, fd);
    }
    for (unsigned i = before; i < a->n_fds; i++) {
        if (listen(a->fds[i], backlog) < 0)
            return err_sys(err, "listen on %s: listen", text);
    }
    return 0;
}

int
listen_grow(struct listen_set *l, unsigned seats, struct err *err)
{
    for (unsigned i = 0; i < l->n; i++) {
        if (grow_address(&l->v[i], seats, l->settings->backlog, err) == 0)
            continue;
        for (unsigned j = 0; j < l->n; j++) {
            if (!l->v[j].shared)
                close_from(&l->v[j], l->seats < l->v[j].n_fds ? l->seats : l->v[j].n_fds);
        }
        return -1;
    }
    if (seats > l->seats)
        l->seats = seats;
    return 0;
}

int
listen_fd(const struct listen_set *l, unsigned address, unsigned seat)
{
    const struct listen_address *a = &l->v[address];
    unsigned i = a->shared ? 0 : seat;

    return i < a->n_fds ? a->fds[i] : -1;
}

/* Which socket of an address a connection comes to is the kernel's choice among all that listen,
 * until it was told otherwise once.  With --reuse-port others may be among them, so that their
 * order is not known: then a seat that is given up takes no connection, and the client's next try
 * goes elsewhere. */
void
listen_serve(struct listen_set *l, unsigned n)
{
    if (n == l->seats && !l->spread)
        return;
    for (unsigned i = 0; i < l->n; i++) {
        const struct listen_address *a = &l->v[i];
        struct err err = ERR_INIT;
        int result = 0;

        if (a->shared)
            continue;
        if (!l->settings->process.reuse_port)
            result = listen_filter_spread(a->fds[0], n, &err);
        for (unsigned s = 0; s < a->n_fds && l->settings->process.reuse_port; s++) {
            if (s < n)
                listen_filter_reopen(a->fds[s]);
            else
                result = listen_filter_close(a->fds[s], &err);
        }
        if (result < 0)
            log_warn("connections may come to workers that are to end: %s", err.msg);
    }
    l->spread = true;
}

void
listen_shrink(struct listen_set *l)
{
    l->seats--;
    for (unsigned i = 0; i < l->n; i++) {
        if (!l->v[i].shared)
            close_from(&l->v[i], l->seats);
    }
}

void
listen_close(struct listen_set *l)
{
    for (unsigned i = 0; i < l->n; i++)
        close_from(&l->v[i], 0);
}

void
listen_keep(struct listen_set *l, unsigned seat)
{
    for (unsigned i = 0; i < l->n; i++) {
        struct listen_address *a = &l->v[i];

        for (unsigned s = 0; s < a->n_fds && !a->shared; s++) {
            if (s == seat || a->fds[s] < 0)
                continue;
            close(a->fds[s]);
            a->fds[s] = -1;
        }
    }
}

static void
remove_names(struct listen_set *l)
{
    for (unsigned i = 0; i < l->n && !l->keep_names; i++) {
        const struct listen_address *a = &l->v[i];

        if (a->shared && !a->given && a->real.any.sa_family == AF_UNIX)
            unlink(a->real.local.sun_path);
    }
    l->keep_names = true;
}

void
listen_done(struct listen_set *l)
{
    listen_close(l);
    remove_names(l);
    for (unsigned i = 0; i < l->n; i++)
        free(l->v[i].fds);
    free(l->v);
    *l = (struct listen_set){0};
}

void
listen_format(const struct listen_set *l, struct buf *out)
{
    char text[ADDRESS_TEXT_MAX];

    for (unsigned i = 0; i < l->n; i++) {
        address_format(&l->v[i].real, text);
        buf_appendf(out, "%s%s", i > 0 ? ", " : "", text);
    }
}

void
listen_stop(struct listen_set *l)
{
    struct err ignored = ERR_INIT;

    for (unsigned i = 0; i < l->n; i++) {
        const struct listen_address *a = &l->v[i];

        for (unsigned s = 0; s < a->n_fds && !a->shared; s++) {
            if (listen_filter_close(a->fds[s], &ignored) < 0)
                log_debug("%s", ignored.msg);
        }
    }
    remove_names(l);
}
