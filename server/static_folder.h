/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_STATIC_FOLDER_H
#define SERVER_STATIC_FOLDER_H

/*
 * Files of a folder, with the compressed ones beside them ("app.js.br"), which count while they are
 * not older than the file itself.  What was found is kept for a while: small contents in memory,
 * larger ones open.  A kept file is looked at again when settings.files.cache_ms have passed, and
 * one that is sent from its descriptor each time, so that a response never mixes two versions.
 */

#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"
#include "server/static_file.h"

struct static_node;

struct static_folder {
    int fd; /* borrowed */
    struct static_place place;
    unsigned ms;                      /* as cache_ms */
    uint64_t bytes, max_bytes;        /* of what is kept */
    unsigned opened, max_opened;      /* descriptors of what is kept */
    struct static_node **buckets;     /* by the path's hash */
    size_t n_buckets;                 /* a power of two */
    struct static_node *first, *last; /* the one used last, the one to forget next */
    struct static_node *loose;        /* the one found last, when it is not kept */
    struct buf name;
};

/* share: of how many folders that keep files this is one; they have the memory together. */
void static_folder_init(struct static_folder *f, int fd, const struct static_place *place,
                        unsigned share);
void static_folder_done(struct static_folder *f);

/* The file of a relative path when it is kept and need not be looked at again, else NULL; good
 * until the next call of this or the next. */
const struct static_entry *static_folder_kept(struct static_folder *f, struct str path,
                                              int64_t now_ms) NODISCARD;

/* The file as it is now, which is kept from here on; good until the next call.  NULL, and *status:
 * 301 when it is a folder, 404, 403, 503 or 500.  path is followed by a NUL. */
const struct static_entry *static_folder_find(struct static_folder *f, struct str path,
                                              int64_t now_ms, unsigned *status) NODISCARD;

#endif
