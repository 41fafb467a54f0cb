/* SPDX-License-Identifier: Apache-2.0 */
#include "server/listen.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "server/address.h"
#include "server/settings.h"

static int
set_flag(int fd, int level, int option)
{
    int on = 1;

    return setsockopt(fd, level, option, &on, sizeof(on));
}

/* The first socket of an address is bound without SO_REUSEPORT: otherwise another server of ours
 * would share the port in silence instead of saying that it is taken. */
static int
open_tcp(const struct address *a, bool first, struct err *err)
{
    cleanup_fd int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return err_sys(err, "socket");
    set_flag(fd, SOL_SOCKET, SO_REUSEADDR);
    set_flag(fd, IPPROTO_TCP, TCP_NODELAY); /* accepted sockets inherit it */
    if (a->any.sa_family == AF_INET6)
        set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    if (!first && set_flag(fd, SOL_SOCKET, SO_REUSEPORT) < 0)
        return err_sys(err, "SO_REUSEPORT");
    if (bind(fd, &a->any, a->size) < 0)
        return err_sys(err, "bind");
    if (first && set_flag(fd, SOL_SOCKET, SO_REUSEPORT) < 0)
        return err_sys(err, "SO_REUSEPORT");
    return steal_fd(&fd);
}

/* A socket file that a killed server left behind is removed; one that answers is in use, and a file
 * of another kind is somebody's. */
static int
clear_path(const struct address *a, struct err *err)
{
    cleanup_fd int fd = -1;
    struct stat st;

    if (lstat(a->local.sun_path, &st) < 0)
        return errno == ENOENT ? 0 : err_sys(err, "bind");
    if (!S_ISSOCK(st.st_mode))
        return err_set(err, ERR_EXISTS, "there is a file that is no socket");
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_sys(err, "socket");
    if (connect(fd, &a->any, a->size) == 0 || errno == EAGAIN)
        return err_set(err, ERR_EXISTS, "another server listens there");
    if (errno != ECONNREFUSED)
        return err_sys(err, "connect");
    if (unlink(a->local.sun_path) < 0)
        return err_sys(err, "remove the stale socket");
    return 0;
}

static int
open_local(const struct address *a, const struct settings *s, struct err *err)
{
    cleanup_fd int fd = -1;

    if (clear_path(a, err) < 0)
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_sys(err, "socket");
    if (bind(fd, &a->any, a->size) < 0)
        return err_sys(err, "bind");
    /* Like gunicorn's: the folder decides who may come near it. */
    if (chmod(a->local.sun_path, s->socket_mode) < 0)
        return err_sys(err, "chmod");
    if (s->user.wanted && chown(a->local.sun_path, s->user.uid, s->user.gid) < 0)
        return err_sys(err, "chown");
    return steal_fd(&fd);
}

static int
start(int fd, int backlog, struct err *err)
{
    return listen(fd, backlog) < 0 ? err_sys(err, "listen") : 0;
}

static void
remember_name(struct listen_set *l, unsigned at, int fd)
{
    struct address real = {.size = sizeof(real.local)};
    char text[ADDRESS_TEXT_MAX];

    getsockname(fd, &real.any, &real.size);
    address_format(&real, text);
    l->texts[at] = mem_strdup(text);
    if (real.any.sa_family == AF_UNIX)
        l->paths[at] = mem_strdup(real.local.sun_path);
}

static int
open_address(struct listen_set *l, unsigned at, const struct settings *settings, struct err *err)
{
    const char *text = settings->binds[at];
    struct address a;

    if (address_parse(text, &a, err) < 0)
        return -1;
    for (unsigned w = 0; w < l->workers; w++) {
        struct listen_socket *s = &l->sockets[w * l->n + at];

        s->shared = a.any.sa_family == AF_UNIX;
        if (s->shared && w > 0) {
            s->fd = l->sockets[at].fd;
            continue;
        }
        s->fd = s->shared ? open_local(&a, settings, err) : open_tcp(&a, w == 0, err);
        if (s->fd < 0)
            return err_wrap(err, "listen on %s", text);
        /* The port that 0 has become is the others' as well. */
        if (w == 0) {
            getsockname(s->fd, &a.any, &a.size);
            remember_name(l, at, s->fd);
        }
    }
    /* Only now, so that the kernel knows the whole group when the first connection arrives. */
    for (unsigned w = 0; w < (l->sockets[at].shared ? 1 : l->workers); w++) {
        if (start(l->sockets[w * l->n + at].fd, settings->backlog, err) < 0)
            return err_wrap(err, "listen on %s", text);
    }
    return 0;
}

int
listen_open(struct listen_set *l, const struct settings *s, unsigned workers, struct err *err)
{
    *l = (struct listen_set){.workers = workers, .n = (unsigned)s->n_binds};
    l->sockets = mem_realloc(NULL, (size_t)workers * l->n, sizeof(*l->sockets));
    l->texts = mem_alloc(l->n * sizeof(*l->texts));
    l->paths = mem_alloc(l->n * sizeof(*l->paths));
    for (unsigned i = 0; i < workers * l->n; i++)
        l->sockets[i] = (struct listen_socket){-1, false};
    for (unsigned i = 0; i < l->n; i++) {
        if (open_address(l, i, s, err) < 0) {
            listen_done(l);
            return -1;
        }
    }
    return 0;
}

/* A shared socket stands once for every worker and is closed with the first. */
static void
close_worker(struct listen_set *l, unsigned w, bool with_shared)
{
    for (unsigned i = 0; i < l->n; i++) {
        struct listen_socket *s = &l->sockets[w * l->n + i];

        if (s->fd < 0 || (s->shared && !with_shared))
            continue;
        if (!s->shared || w == 0)
            close(s->fd);
        s->fd = -1;
    }
}

void
listen_close(struct listen_set *l)
{
    for (unsigned w = l->workers; w-- > 0;)
        close_worker(l, w, true);
}

void
listen_keep(struct listen_set *l, unsigned worker)
{
    for (unsigned w = 0; w < l->workers; w++) {
        if (w != worker)
            close_worker(l, w, false);
    }
}

void
listen_done(struct listen_set *l)
{
    listen_close(l);
    for (unsigned i = 0; i < l->n; i++) {
        if (l->paths[i] != NULL)
            unlink(l->paths[i]);
        free(l->paths[i]);
        free(l->texts[i]);
    }
    free(l->sockets);
    free(l->texts);
    free(l->paths);
    *l = (struct listen_set){0};
}

void
listen_format(const struct listen_set *l, struct buf *out)
{
    for (unsigned i = 0; i < l->n; i++)
        buf_appendf(out, "%s%s", i > 0 ? ", " : "", l->texts[i]);
}

void
listen_stop(const struct listen_set *l)
{
    enum { FLAGS_AT = 13, SYN = 0x02, ACK = 0x10 };
    /* A TCP socket's filter sees the segment from its header on: drop those with SYN and no ACK. */
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS_AT),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN | ACK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    };
    struct sock_fprog program = {.len = ARRAY_LEN(code), .filter = code};

    for (unsigned i = 0; i < l->workers * l->n; i++) {
        const struct listen_socket *s = &l->sockets[i];

        if (!s->shared && s->fd >= 0)
            setsockopt(s->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
    }
}
