/* SPDX-License-Identifier: Apache-2.0 */
#include "images/export.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "images/image_read.h"
#include "images/interrupt.h"
#include "images/rootfs.h"
#include "images/sink.h"
#include "images/staging.h"
#include "images/tar.h"

enum { PIECE = 256 * 1024 };

/* Where contents wait: one after the other; mark of an inode is the offset plus one until its first
 * name is written. */
struct spool {
    int fd;
    uint64_t size;
    bool special;
};

static int
take_entry(void *ctx, const struct rootfs_node *n, struct err *err)
{
    struct spool *s = ctx;
    const struct rootfs_inode *i = n != NULL ? n->inode : NULL;

    if (i == NULL)
        return 0;
    if (!s->special &&
        (i->type == TAR_READ_CHAR || i->type == TAR_READ_BLOCK || i->type == TAR_READ_FIFO))
        return err_set(err, ERR_DENIED, "a %s: --allow-special takes it",
                       i->type == TAR_READ_FIFO ? "named pipe" : "device node");
    if (!s->special && i->type == TAR_READ_FILE && (i->mode & 06000) != 0)
        return err_set(err, ERR_DENIED, "a setuid or setgid file: --allow-special takes it");
    if (i->type == TAR_READ_FILE && i->mark == 0)
        n->inode->mark = s->size + 1;
    return 0;
}

static int
take_data(void *ctx, const void *p, size_t n, struct err *err)
{
    struct spool *s = ctx;

    s->size += n;
    return fs_write_fd(s->fd, "a temporary file", p, n, err);
}

static int
copy_content(const struct spool *s, uint64_t at, uint64_t size, struct tar *t, char *piece,
             struct err *err)
{
    while (size > 0) {
        ssize_t n = pread(s->fd, piece, size < PIECE ? (size_t)size : PIECE, (off_t)at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? err_sys(err, "read a temporary file")
                         : err_set(err, ERR_INTERNAL, "a temporary file is too short");
        if (tar_write(t, piece, (size_t)n, err) < 0)
            return -1;
        at += (uint64_t)n;
        size -= (uint64_t)n;
    }
    return 0;
}

/* Names of files whose content is out already, for the hard links that follow. */
struct names {
    const struct rootfs_node **v;
    size_t n, cap;
};

static int
put(const struct rootfs_node *n, const struct spool *s, struct names *first, struct tar *t,
    char *piece, struct err *err)
{
    static const enum tar_type types[] = {
        [TAR_READ_FILE] = TAR_FILE, [TAR_READ_SYMLINK] = TAR_SYMLINK,
        [TAR_READ_CHAR] = TAR_CHAR, [TAR_READ_BLOCK] = TAR_BLOCK,
        [TAR_READ_FIFO] = TAR_FIFO, [TAR_READ_FOLDER] = TAR_FOLDER,
    };
    struct rootfs_inode *i = n->inode;
    cleanup_free char *path = rootfs_path(n);
    cleanup_free char *target = NULL;
    bool again = i->type == TAR_READ_FILE && i->mark > s->size + 1;
    struct tar_entry e = {.path = path,
                          .type = types[i->type],
                          .mode = i->mode,
                          .uid = i->uid,
                          .gid = i->gid,
                          .size = i->size,
                          .target = i->target,
                          .major = i->major,
                          .minor = i->minor,
                          .mtime = &i->mtime,
                          .xattrs = i->xattrs,
                          .n_xattrs = i->n_xattrs};
    uint64_t at = i->mark - 1;

    if (again) {
        assert(first->v != NULL);
        target = rootfs_path(first->v[i->mark - s->size - 2]);
        e.type = TAR_HARDLINK;
        e.target = target;
        return tar_add(t, &e, err);
    }
    if (tar_add(t, &e, err) < 0)
        return -1;
    if (i->type != TAR_READ_FILE)
        return 0;
    if (i->links > 1) {
        if (first->n == first->cap) {
            first->cap = first->cap * 2 + 64;
            first->v = mem_realloc(first->v, first->cap, sizeof(struct rootfs_node *));
        }
        first->v[first->n++] = n;
        i->mark = s->size + 1 + first->n;
    }
    return copy_content(s, at, i->size, t, piece, err);
}

static int
write_tar(const struct rootfs *r, const struct spool *s, const struct sink *out, struct err *err)
{
    struct rootfs_node *root = rootfs_root(r), *n = root;
    cleanup_free char *piece = mem_alloc(PIECE);
    cleanup_tar struct tar *t = tar_new(out, 0, err);
    struct names first = {NULL, 0, 0};
    int done = t != NULL ? 0 : -1;

    while (done == 0 && (n = rootfs_next(root, n)) != NULL) {
        done = interrupt_check(err);
        if (done == 0)
            done = put(n, s, &first, t, piece, err);
    }
    free(first.v);
    return done < 0 ? -1 : tar_finish(t, err);
}

int
export_image(const struct image_read *image, const char *tmp, bool special, struct limits *limits,
             const struct sink *out, struct err *err)
{
    cleanup_staged struct staged file = STAGED_INIT;
    cleanup_rootfs struct rootfs *r = rootfs_new(NULL);
    struct spool s = {-1, 0, special};
    const struct image_read_visitor v = {take_entry, take_data, &s};

    if (staging_create_nameless(tmp, &file, err) < 0)
        return -1;
    s.fd = file.fd;
    if (image_read_all(image, r, limits, &v, err) < 0)
        return -1;
    return write_tar(r, &s, out, err);
}
