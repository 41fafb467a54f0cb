/* SPDX-License-Identifier: Apache-2.0 */
#include "images/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "images/rootfs.h"

/* linux/openat2.h, which old headers lack. */
struct open_how_v0 {
    uint64_t flags, mode, resolve;
};

enum { RESOLVE_NO_SYMLINKS_BIT = 0x04, RESOLVE_BENEATH_BIT = 0x08, SPECIAL_BITS = 06000 };

struct disk
disk_begin(int root, const struct disk_opts *opts)
{
    return (struct disk){*opts, root, NULL, -1, NULL, -1, false};
}

static void
close_fd(int *fd)
{
    cleanup_fdp(fd);
    *fd = -1;
}

void
disk_done(struct disk *d)
{
    close_fd(&d->folder);
    close_fd(&d->file);
}

static int
failed(const char *what, const struct rootfs_node *n, struct err *err)
{
    int saved = errno;
    cleanup_free char *path = rootfs_path(n);

    errno = saved;
    return err_sys(err, "%s '/%.300s'", what, path);
}

/* ---- folders ---- */

static int
open_by_parts(int root, const char *path)
{
    struct str rest = str_from(path);
    int at = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    while (at >= 0 && rest.p != NULL) {
        struct str part = str_cut(&rest, '/');
        cleanup_free char *name = mem_strndup(part.p, part.n);
        int next = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        cleanup_fdp(&at);
        at = next;
    }
    return at;
}

static int
open_beneath(const struct disk *d, const char *path)
{
#ifdef SYS_openat2
    const struct open_how_v0 how = {O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0,
                                    RESOLVE_BENEATH_BIT | RESOLVE_NO_SYMLINKS_BIT};

    if (!d->opts.no_openat2) {
        int fd;

        do /* EAGAIN: something was renamed meanwhile, anywhere */
            fd = (int)syscall(SYS_openat2, d->root, path, &how, sizeof(how));
        while (fd < 0 && (errno == EAGAIN || errno == EINTR));
        if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
            return fd;
    }
#endif
    return open_by_parts(d->root, path);
}

/* A folder of the tree; the caller closes it. */
static int
open_folder(const struct disk *d, const struct rootfs_node *n, struct err *err)
{
    cleanup_free char *path = rootfs_path(n);
    int fd = n->up == NULL ? openat(d->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                           : open_beneath(d, path);

    return fd >= 0 ? fd : failed("open", n, err);
}

/* The folder that n lies in, kept open: neighbours come one after the other. */
static int
enter_parent(struct disk *d, const struct rootfs_node *n, struct err *err)
{
    if (d->folder_node == n->up && d->folder >= 0)
        return 0;
    close_fd(&d->folder);
    d->folder = open_folder(d, n->up, err);
    d->folder_node = n->up;
    return d->folder >= 0 ? 0 : -1;
}

/* ---- attributes ---- */

static int
set_xattrs(int fd, const struct rootfs_node *n, struct err *err)
{
    for (size_t i = 0; i < n->inode->n_xattrs; i++) {
        const struct tar_xattr *x = &n->inode->xattrs[i];

        if (strncmp(x->name, "user.", 5) != 0 && strcmp(x->name, "security.capability") != 0)
            continue;
        if (fsetxattr(fd, x->name, x->value, x->size, 0) < 0)
            return failed("set an extended attribute of", n, err);
    }
    return 0;
}

static void
times_of(const struct rootfs_inode *i, struct timespec out[2])
{
    out[0] = (struct timespec){(time_t)i->mtime, (long)i->mtime_ns};
    out[1] = out[0];
}

/* Of a file or folder.  The owner first: changing it takes setuid and capabilities away. */
static int
set_attributes(struct disk *d, int fd, const struct rootfs_node *n, struct err *err)
{
    unsigned mode = d->opts.special ? n->inode->mode : n->inode->mode & ~SPECIAL_BITS;
    struct timespec times[2];

    d->dropped |= mode != n->inode->mode;
    times_of(n->inode, times);
    if (d->opts.owner && fchown(fd, n->inode->uid, n->inode->gid) < 0)
        return failed("set the owner of", n, err);
    if (d->opts.xattrs && set_xattrs(fd, n, err) < 0)
        return -1;
    if (fchmod(fd, (mode_t)mode) < 0)
        return failed("set the mode of", n, err);
    if (futimens(fd, times) < 0)
        return failed("set the time of", n, err);
    return 0;
}

/* The same by name, of what cannot be opened. */
static int
set_attributes_at(const struct disk *d, const struct rootfs_node *n, struct err *err)
{
    struct timespec times[2];

    times_of(n->inode, times);
    if (d->opts.owner &&
        fchownat(d->folder, n->name, n->inode->uid, n->inode->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return failed("set the owner of", n, err);
    if (utimensat(d->folder, n->name, times, AT_SYMLINK_NOFOLLOW) < 0)
        return failed("set the time of", n, err);
    return 0;
}

static int
end_file(struct disk *d, struct err *err)
{
    int done = 0;

    if (d->file >= 0)
        done = set_attributes(d, d->file, d->file_node, err);
    close_fd(&d->file);
    return done;
}

/* ---- entries ---- */

static int
check_special(const struct disk *d, const struct rootfs_inode *i, struct err *err)
{
    if (d->opts.special)
        return 0;
    if (i->type == TAR_READ_CHAR || i->type == TAR_READ_BLOCK)
        return err_set(err, ERR_DENIED, "a device node: --allow-special makes it");
    if (i->type == TAR_READ_FIFO)
        return err_set(err, ERR_DENIED, "a named pipe: --allow-special makes it");
    return 0;
}

static int
make_file(struct disk *d, const struct rootfs_node *n, struct err *err)
{
    struct stat st;

    d->file =
        openat(d->folder, n->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (d->file < 0 || fstat(d->file, &st) < 0)
        return failed("make", n, err);
    d->file_node = n;
    n->inode->mark = st.st_ino;
    return 0;
}

static int
make_special(struct disk *d, const struct rootfs_node *n, struct err *err)
{
    static const mode_t kinds[] = {
        [TAR_READ_CHAR] = S_IFCHR, [TAR_READ_BLOCK] = S_IFBLK, [TAR_READ_FIFO] = S_IFIFO};
    const struct rootfs_inode *i = n->inode;
    mode_t mask = umask(0); /* a mode cannot be set afterwards without following links */
    int done =
        mknodat(d->folder, n->name, kinds[i->type] | (mode_t)i->mode, makedev(i->major, i->minor));

    umask(mask);
    return done < 0 ? failed("make", n, err) : set_attributes_at(d, n, err);
}

/* linkat() does not follow a link, but what has that name now may be another file than ours. */
static int
make_link(struct disk *d, const struct rootfs_node *n, const struct rootfs_node *linked,
          struct err *err)
{
    cleanup_fd int from = open_folder(d, linked->up, err);
    struct stat st;

    if (from < 0)
        return -1;
    if (linkat(from, linked->name, d->folder, n->name, 0) < 0)
        return failed("make the hard link", n, err);
    if (fstatat(d->folder, n->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return failed("read", n, err);
    if (!S_ISREG(st.st_mode) || st.st_ino != n->inode->mark) {
        unlinkat(d->folder, n->name, 0);
        return err_set(err, ERR_IO, "the folder changes while it is written to");
    }
    return 0;
}

int
disk_added(void *ctx, const struct rootfs_node *n, const struct rootfs_node *linked,
           struct err *err)
{
    struct disk *d = ctx;

    if (end_file(d, err) < 0 || check_special(d, n->inode, err) < 0 || enter_parent(d, n, err) < 0)
        return -1;
    if (linked != NULL)
        return make_link(d, n, linked, err);
    switch (n->inode->type) {
    case TAR_READ_FOLDER:
        return mkdirat(d->folder, n->name, 0700) < 0 ? failed("make the folder", n, err) : 0;
    case TAR_READ_FILE:
        return make_file(d, n, err);
    case TAR_READ_SYMLINK:
        if (symlinkat(n->inode->target, d->folder, n->name) < 0)
            return failed("make the symbolic link", n, err);
        return set_attributes_at(d, n, err);
    default:
        return make_special(d, n, err);
    }
}

int
disk_removing(void *ctx, const struct rootfs_node *n, struct err *err)
{
    struct disk *d = ctx;
    bool folder = n->inode->type == TAR_READ_FOLDER;

    if (end_file(d, err) < 0 || enter_parent(d, n, err) < 0)
        return -1;
    if (unlinkat(d->folder, n->name, folder ? AT_REMOVEDIR : 0) < 0)
        return failed("remove", n, err);
    return 0;
}

int
disk_data(void *ctx, const void *p, size_t size, struct err *err)
{
    struct disk *d = ctx;
    const char *at = p;

    while (size > 0) {
        ssize_t n = write(d->file, at, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed("write", d->file_node, err);
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

/* Folders last and from the bottom: writing into them changes their time, and a mode may close
 * them. */
int
disk_finish(struct disk *d, const struct rootfs *r, struct err *err)
{
    const struct rootfs_node *n = rootfs_root(r);

    if (end_file(d, err) < 0)
        return -1;
    while (n->down != NULL)
        n = n->down;
    for (;;) {
        if (n->inode->type == TAR_READ_FOLDER) {
            cleanup_fd int fd = open_folder(d, n, err);

            if (fd < 0 || set_attributes(d, fd, n, err) < 0)
                return -1;
        }
        if (n->up == NULL)
            return 0;
        if (n->next == NULL) {
            n = n->up;
            continue;
        }
        n = n->next;
        while (n->down != NULL)
            n = n->down;
    }
}
