/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"

enum { READ_STEP = 16 * 1024 };

int
fs_read_fd(int fd, const char *name, struct buf *out, struct err *err)
{
    for (;;) {
        size_t left = out->limit - out->n;
        size_t want = left < READ_STEP ? left : READ_STEP;
        char beyond = 0;
        char *room = want > 0 ? buf_room(out, want) : &beyond;
        ssize_t got;

        if (room == NULL)
            return err_set(err, ERR_LIMIT, "read '%s': larger than %zu bytes", name, out->limit);
        /* At the limit one byte more is asked for, to tell "just fits" from "too large". */
        got = read(fd, room, want > 0 ? want : 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_sys(err, "read '%s'", name);
        if (got == 0)
            return 0;
        if (want == 0)
            return err_set(err, ERR_LIMIT, "read '%s': larger than %zu bytes", name, out->limit);
        buf_added(out, (size_t)got);
    }
}

int
fs_read_regular(const char *path, struct buf *out, struct err *err)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return err_sys(err, "open '%s'", path);
    if (fstat(fd, &st) < 0)
        return err_sys(err, "read '%s'", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_INVALID, "'%s' is no regular file", path);
    return fs_read_fd(fd, path, out, err);
}

int
fs_read(const char *path, struct buf *out, struct err *err)
{
    cleanup_fd int fd = -1;

    if (strcmp(path, "-") == 0)
        return fs_read_fd(STDIN_FILENO, "standard input", out, err);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(err, "open '%s'", path);
    return fs_read_fd(fd, path, out, err);
}

int
fs_write_fd(int fd, const char *name, const void *p, size_t n, struct err *err)
{
    const char *at = p;

    while (n > 0) {
        ssize_t put = write(fd, at, n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return err_sys(err, "write '%s'", name);
        at += put;
        n -= (size_t)put;
    }
    return 0;
}

/* Replacing /dev/null by a file is what must never happen to root. */
static int
open_in_place(struct fs_stage *s, const char *path, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        return err_sys(err, "open '%s'", path);
    s->fd = fd;
    s->path = mem_strdup(path);
    return 0;
}

int
fs_stage_open(struct fs_stage *s, const char *path, unsigned mode, struct err *err)
{
    cleanup_free char *real = NULL;
    cleanup_free char *temporary = NULL;
    cleanup_fd int fd = -1;
    struct stat st;

    /* stat() sees through /dev/stdout, whose name may lead to no path at all. */
    if (stat(path, &st) == 0) {
        real = realpath(path, NULL);
        if (real == NULL || !S_ISREG(st.st_mode))
            return open_in_place(s, path, err);
        path = real;
    }
    temporary = mem_printf("%s.XXXXXX", path);
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return err_sys(err, "create '%s'", path);
    if (fchmod(fd, (mode_t)mode) < 0) {
        err_sys(err, "chmod '%s'", temporary);
        unlink(temporary);
        return -1;
    }
    s->fd = steal_fd(&fd);
    s->path = mem_strdup(path);
    s->temporary = steal_ptr(&temporary);
    return 0;
}

int
fs_stage_commit(struct fs_stage *s, struct err *err)
{
    if (s->temporary != NULL && fsync(s->fd) < 0 && errno != EINVAL && errno != EROFS)
        return err_sys(err, "flush '%s'", s->path);
    if (close(steal_fd(&s->fd)) < 0)
        return err_sys(err, "close '%s'", s->path);
    if (s->temporary != NULL && rename(s->temporary, s->path) < 0)
        return err_sys(err, "rename '%s' to '%s'", s->temporary, s->path);
    free(s->temporary);
    s->temporary = NULL;
    return 0;
}

void
fs_stage_abort(struct fs_stage *s)
{
    int saved = errno;

    if (s->fd >= 0)
        close(s->fd);
    if (s->temporary != NULL)
        unlink(s->temporary);
    free(s->temporary);
    free(s->path);
    *s = (struct fs_stage)FS_STAGE_INIT;
    errno = saved;
}

int
fs_write(const char *path, const void *p, size_t n, unsigned mode, struct err *err)
{
    cleanup_fs_stage struct fs_stage s = FS_STAGE_INIT;

    if (strcmp(path, "-") == 0)
        return fs_write_fd(STDOUT_FILENO, "standard output", p, n, err);
    if (fs_stage_open(&s, path, mode, err) < 0 || fs_write_fd(s.fd, path, p, n, err) < 0)
        return -1;
    return fs_stage_commit(&s, err);
}

int
fs_mkdir_all(const char *path, unsigned mode, struct err *err)
{
    cleanup_free char *walk = mem_strdup(path);
    struct stat st;

    for (char *slash = walk + 1; *walk != '\0'; slash++) {
        char was = *slash;

        if (was != '/' && was != '\0')
            continue;
        *slash = '\0';
        if (mkdir(walk, (mode_t)mode) < 0 && errno != EEXIST)
            return err_sys(err, "mkdir '%s'", walk);
        if (was == '\0')
            break;
        *slash = was;
    }
    if (stat(path, &st) < 0)
        return err_sys(err, "stat '%s'", path);
    if (!S_ISDIR(st.st_mode))
        return err_set(err, ERR_EXISTS, "'%s' is there and is not a folder", path);
    return 0;
}

bool
fs_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

char *
fs_join(const char *dir, const char *name)
{
    size_t n = strlen(dir);

    while (n > 0 && dir[n - 1] == '/')
        n--;
    while (*name == '/')
        name++;
    return mem_printf("%.*s/%s", (int)n, dir, name);
}

const char *
fs_basename(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

int
fs_root_read(const struct fs_root *root, const char *path, struct buf *out, struct err *err)
{
    cleanup_free char *full = mem_printf("%s%s", root->prefix, path);

    return fs_read(full, out, err);
}
