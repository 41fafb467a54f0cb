/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_ROOTFS_H
#define IMAGES_ROOTFS_H

/*
 * The root file system of an image in memory: what remains visible when its layers are laid over
 * each other, bottom first (image-spec layer.md, "Applying Changesets").
 *
 * Rules: an entry over one of a lower layer replaces it with all that is below; a folder over a
 * folder only gives it new attributes.  Whiteouts act on lower layers, wherever in their layer they
 * stand.  Symbolic links on the way to an entry are followed within the image, as Docker and
 * containerd do; the last part of a path never is (a folder over a symbolic link replaces it).
 * Refused: a path given twice in one layer, anything below a file, links that go round in circles,
 * a hard link to what is no file or not there.  Folders that nobody gave are made with mode 0755
 * and owner 0:0.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "images/tar_read.h"

struct err;
struct layer_entry;

/* What names lead to; several do when there are hard links. */
struct rootfs_inode {
    enum tar_read_type type; /* never TAR_READ_HARDLINK */
    unsigned mode;
    uint32_t uid, gid;
    uint64_t size;
    int64_t mtime;
    uint32_t mtime_ns;
    uint32_t major, minor;
    char *target; /* of a symbolic link */
    struct tar_xattr *xattrs;
    size_t n_xattrs;
    size_t links;    /* names */
    unsigned layer;  /* that its content, or its attributes, came from */
    uint64_t number; /* of the entry in that layer, from 1; 0 of what nobody gave */
    uint64_t mark;   /* for users: 0 at first */
};

struct rootfs_node {
    struct rootfs_node *up, *down, *next, *previous; /* folder, first in it, siblings */
    struct rootfs_node *chain;                       /* of the table */
    struct rootfs_inode *inode;
    unsigned layer; /* the last one with an entry of that path */
    bool implied;   /* a folder that nobody gave */
    uint32_t hash;
    char name[]; /* "" of the root */
};

/* Told of changes, in an order that a disk can follow: folders before what is in them, and the
 * other way round when they go.  Attributes of folders are not told.  Either may be NULL. */
struct rootfs_observer {
    int (*added)(void *ctx, const struct rootfs_node *n, const struct rootfs_node *linked,
                 struct err *err); /* linked is NULL, or the name that n is another one of */
    int (*removing)(void *ctx, const struct rootfs_node *n, struct err *err);
    void *ctx;
};

struct rootfs_layer {
    uint64_t bytes;  /* of files */
    uint64_t hidden; /* of them, by upper layers */
    uint64_t entries;
};

struct rootfs;

struct rootfs *rootfs_new(const struct rootfs_observer *o); /* NULL, or copied */
void rootfs_free(struct rootfs *r);
void rootfs_freep(struct rootfs **r);
#define cleanup_rootfs __attribute__((cleanup(rootfs_freep)))

/* Begins the next layer; entries that are applied are its. */
void rootfs_begin_layer(struct rootfs *r);

/* *out, which may be NULL, is the node of an entry that is not a whiteout. */
int rootfs_apply(struct rootfs *r, const struct layer_entry *e, struct rootfs_node **out,
                 struct err *err) NODISCARD;

/* Brings the names of each folder into bytewise order; more may be applied later. */
void rootfs_sort(struct rootfs *r);

struct rootfs_node *rootfs_root(const struct rootfs *r);
size_t rootfs_layer_count(const struct rootfs *r);
const struct rootfs_layer *rootfs_layer_get(const struct rootfs *r, size_t i);

/* The next node in depth-first order below top (itself first), NULL at the end. */
struct rootfs_node *rootfs_next(const struct rootfs_node *top, struct rootfs_node *at);

/* A name in a folder, or NULL. */
struct rootfs_node *rootfs_lookup(const struct rootfs *r, const struct rootfs_node *folder,
                                  struct str name);

/* The node of an inner path ("" is the root) without following links, or NULL. */
struct rootfs_node *rootfs_find(const struct rootfs *r, const char *path);

/* What an absolute path leads to inside the image, its symbolic links followed (the last one too
 * when follow); NULL when nothing is there or links go round in circles. */
struct rootfs_node *rootfs_resolve(const struct rootfs *r, const char *path, bool follow);

enum { ROOTFS_LINKS_MAX = 40 };

/* The inner path; the caller frees it. */
char *rootfs_path(const struct rootfs_node *n);

#endif
