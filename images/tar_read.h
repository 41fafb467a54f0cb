/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_TAR_READ_H
#define IMAGES_TAR_READ_H

/*
 * Reads a tar stream that is pushed into it, in pieces of any size.  It is ours because libarchive
 * pulls, and because it guesses where parsers disagree: here everything that two readers could take
 * for different files is refused by name.
 *
 * Known are POSIX ustar and pax (IEEE 1003.1 pax, "pax Interchange Format"), the old v7 format and
 * GNU's long names and base-256 numbers.  Sparse files, multi-volume parts and types that nobody
 * knows are refused.  An archive may end without its end blocks, as umoci's do.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct err;
struct tar_read;

enum tar_read_type {
    TAR_READ_FILE,
    TAR_READ_HARDLINK,
    TAR_READ_SYMLINK,
    TAR_READ_CHAR,
    TAR_READ_BLOCK,
    TAR_READ_FOLDER,
    TAR_READ_FIFO
};

struct tar_xattr {
    char *name;
    char *value; /* size bytes and a NUL */
    size_t size;
};

struct tar_read_entry {
    const char *path; /* as it stands there, not checked but for NUL; a folder may end in a slash */
    enum tar_read_type type;
    unsigned mode; /* at most 07777 */
    uint32_t uid, gid;
    uint64_t size; /* of a file, else 0 */
    int64_t mtime;
    uint32_t mtime_ns;
    const char *target; /* of links, else NULL */
    uint32_t major, minor;
    const struct tar_xattr *xattrs; /* SCHILY.xattr.* */
    size_t n_xattrs;
};

/* What is told; everything is borrowed for the call.  data may be NULL. */
struct tar_read_visitor {
    int (*entry)(void *ctx, const struct tar_read_entry *e, struct err *err);
    int (*data)(void *ctx, const void *p, size_t n, struct err *err);
    void *ctx;
};

/* v is copied.  meta_max bounds an extended header, in bytes. */
struct tar_read *tar_read_new(const struct tar_read_visitor *v, size_t meta_max);
void tar_read_free(struct tar_read *t);
void tar_read_freep(struct tar_read **t);
#define cleanup_tar_read __attribute__((cleanup(tar_read_freep)))

/* The signature of a sink's write. */
int tar_read_write(void *ctx, const void *p, size_t n, struct err *err) NODISCARD;

/* At the end of the stream: ERR_INVALID when it stopped inside an entry. */
int tar_read_finish(struct tar_read *t, struct err *err) NODISCARD;

/* Bytes of a file's content and padding that come next, and skipping some of them: for whoever can
 * seek. */
uint64_t tar_read_content_left(const struct tar_read *t);
void tar_read_skip(struct tar_read *t, uint64_t n);

/* Whether something other than zeros followed the end blocks, where nobody looks for it. */
bool tar_read_has_trailer(const struct tar_read *t);
bool tar_read_has_end(const struct tar_read *t); /* an end block was there */

#endif
