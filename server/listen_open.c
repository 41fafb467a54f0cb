/* SPDX-License-Identifier: Apache-2.0 */
#include "server/listen_open.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "server/address.h"
#include "server/settings.h"

static int
set_flag(int fd, int level, int option)
{
    int on = 1;

    return setsockopt(fd, level, option, &on, sizeof(on));
}

/* The first socket of an address is bound without SO_REUSEPORT unless the operator wants it:
 * otherwise another server of ours would share the port in silence instead of saying that it is
 * taken. */
int
listen_open_tcp(const struct address *a, enum listen_share share, struct err *err)
{
    cleanup_fd int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return err_sys(err, "socket");
    set_flag(fd, SOL_SOCKET, SO_REUSEADDR);
    set_flag(fd, IPPROTO_TCP, TCP_NODELAY); /* accepted sockets inherit it */
    if (a->any.sa_family == AF_INET6)
        set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    if (share != LISTEN_FIRST && set_flag(fd, SOL_SOCKET, SO_REUSEPORT) < 0)
        return err_sys(err, "SO_REUSEPORT");
    if (bind(fd, &a->any, a->size) < 0)
        return err_sys(err, "bind");
    if (share == LISTEN_FIRST && set_flag(fd, SOL_SOCKET, SO_REUSEPORT) < 0)
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

int
listen_open_local(const struct address *a, const struct settings *s, struct err *err)
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

int
listen_adopt(int fd, struct err *err)
{
    int type = 0;
    int listening = 0;
    socklen_t size = sizeof(type);
    int flags;

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
        return err_sys(err, "descriptor %d", fd);
    size = sizeof(listening);
    if (type != SOCK_STREAM || getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0 ||
        !listening)
        return err_set(err, ERR_INVALID, "descriptor %d is no listening stream socket", fd);
    flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return err_sys(err, "descriptor %d", fd);
    set_flag(fd, IPPROTO_TCP, TCP_NODELAY); /* fails for unix sockets, which have no delay */
    return fd;
}
