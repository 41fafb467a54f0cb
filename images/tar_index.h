/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_TAR_INDEX_H
#define IMAGES_TAR_INDEX_H

/*
 * The members of an uncompressed tar file, so that each can be read at its place without unpacking.
 * Their paths are names in a table and never reach the file system.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "images/sink.h"

struct buf;
struct err;

enum { TAR_INDEX_MEMBERS_MAX = 100000, TAR_INDEX_LINKS_MAX = 8 };

struct tar_member {
    char *path; /* clean: images/layer_read.h */
    char *link; /* of a link: the path it leads to, inside the archive; else NULL */
    uint64_t offset, size;
};

struct tar_index {
    char *name; /* of the file, for errors */
    int fd;
    struct tar_member *v; /* sorted by path */
    size_t n, cap;
};

#define TAR_INDEX_INIT       \
    {                        \
        NULL, -1, NULL, 0, 0 \
    }
#define cleanup_tar_index __attribute__((cleanup(tar_index_done)))

/* Takes fd.  ERR_UNSUPPORTED with the remedy for an archive that is compressed as a whole;
 * ERR_INVALID when a path is there twice, or leads out. */
int tar_index_read(int fd, const char *name, struct tar_index *out, struct err *err) NODISCARD;
void tar_index_done(struct tar_index *t);

/* The file of that path, links followed, or NULL. */
const struct tar_member *tar_index_find(const struct tar_index *t, const char *path);

/* All bytes of a member, in order. */
int tar_index_stream(const struct tar_index *t, const struct tar_member *m, const struct sink *out,
                     struct err *err) NODISCARD;

/* The file of that path into out, which carries the limit; ERR_NOT_FOUND. */
int tar_index_text(const struct tar_index *t, const char *path, struct buf *out,
                   struct err *err) NODISCARD;

/* At most n bytes of its beginning; how many, or -1. */
ptrdiff_t tar_index_peek(const struct tar_index *t, const struct tar_member *m, void *into,
                         size_t n, struct err *err);

#endif
