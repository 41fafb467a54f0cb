/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_TAR_H
#define IMAGES_TAR_H

/*
 * Writes a tar stream by libarchive: ustar headers, with a PAX extended header only for entries
 * that need one (long or non-ASCII names, sizes from 8 GiB, large ids).  The bytes depend on the
 * entries alone, not on locale, time zone or C library.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "images/sink.h"

struct err;
struct tar;

enum tar_type { TAR_FILE, TAR_FOLDER, TAR_SYMLINK, TAR_HARDLINK, TAR_CHAR, TAR_BLOCK, TAR_FIFO };

struct tar_xattr;

struct tar_entry {
    const char *path; /* UTF-8, without a slash at either end */
    enum tar_type type;
    unsigned mode;
    uint32_t uid, gid;
    uint64_t size;                  /* of the content that follows; files only */
    const char *target;             /* of links */
    unsigned major, minor;          /* of devices */
    const int64_t *mtime;           /* instead of the one of all entries, or NULL */
    const struct tar_xattr *xattrs; /* tar_read.h */
    size_t n_xattrs;
};

/* mtime is that of entries without their own.  sink is copied. */
struct tar *tar_new(const struct sink *sink, int64_t mtime, struct err *err);
void tar_free(struct tar *t);
void tar_freep(struct tar **t);
#define cleanup_tar __attribute__((cleanup(tar_freep)))

/* Begins an entry; its content follows in any number of pieces. */
int tar_add(struct tar *t, const struct tar_entry *e, struct err *err) NODISCARD;
int tar_write(struct tar *t, const void *p, size_t n, struct err *err) NODISCARD;

/* The end-of-archive blocks.  A content shorter than announced is an error of ours, not padded. */
int tar_finish(struct tar *t, struct err *err) NODISCARD;

/* "libarchive 3.6.2" for --version. */
const char *tar_library_version(void);

#endif
