/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_DISK_H
#define IMAGES_DISK_H

/*
 * Writes the files of a strange image below one folder, and nowhere else, whatever the image says
 * and whoever changes the tree meanwhile.  No path is ever handed to the kernel as a whole but to
 * openat2() with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS (or, before Linux 5.6, one part at a time
 * with O_NOFOLLOW); everything else works on the last part of a name in a folder that is open, or
 * on the open file itself.
 *
 * Folders are 0700 and owned by us until disk_finish() gives them what the image says: nobody else
 * gets in before, and what is in them can be written.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct err;
struct rootfs;
struct rootfs_node;

struct disk_opts {
    bool owner;      /* owners as in the image; else all is ours */
    bool special;    /* device nodes and pipes are made, not refused; setuid and setgid are kept */
    bool xattrs;     /* user.* and security.capability are set */
    bool no_openat2; /* for tests */
};

struct disk {
    struct disk_opts opts;
    int root;
    const struct rootfs_node *folder_node; /* that is open as folder */
    int folder;
    const struct rootfs_node *file_node; /* that is being written */
    int file;
    bool dropped; /* a setuid or setgid bit that was not to be kept */
};

/* root is an open folder, borrowed. */
struct disk disk_begin(int root, const struct disk_opts *opts);

/* Functions of a rootfs_observer and an image_read_visitor; ctx is the struct disk. */
int disk_added(void *ctx, const struct rootfs_node *n, const struct rootfs_node *linked,
               struct err *err) NODISCARD;
int disk_removing(void *ctx, const struct rootfs_node *n, struct err *err) NODISCARD;
int disk_data(void *ctx, const void *p, size_t size, struct err *err) NODISCARD;

/* The attributes of the last file and of all folders. */
int disk_finish(struct disk *d, const struct rootfs *r, struct err *err) NODISCARD;

/* Closes what is open; nothing is removed. */
void disk_done(struct disk *d);

/* Removes the folder called name, with all that is in it and nothing else, as well as it can. */
void disk_remove_tree(int parent, const char *name);

#endif
