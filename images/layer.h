/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_LAYER_H
#define IMAGES_LAYER_H

/*
 * From a tree to a layer's blob in one pass: tar, its digest (the diffID), compression, the blob's
 * digest.
 */

#include <stdint.h>

#include "base/attr.h"
#include "images/blob.h"
#include "images/sink.h"

struct compressor_kind;
struct err;
struct tree;

struct layer_opts {
    int64_t mtime;                             /* of all entries, Unix seconds */
    const struct compressor_kind *compression; /* NULL = gzip */
    int level;                                 /* 0 = the compression's default */
    unsigned threads;                          /* 0 = the CPUs this process may use */
};

struct layer {
    struct blob blob;
    char diff_id[BLOB_DIGEST_MAX];
    uint64_t uncompressed_size;
};

#define LAYER_INIT        \
    {                     \
        BLOB_INIT, {0}, 0 \
    }

void layer_done(struct layer *l);
#define cleanup_layer __attribute__((cleanup(layer_done)))

/* Writes a sealed tree into a staged file, which stays open for reading.  The number of threads
 * does not show in the bytes, and none is left when this returns.  On success out owns the file. */
int layer_write(const struct tree *t, const struct layer_opts *o, struct staged *file,
                struct layer *out, struct err *err) NODISCARD;

#endif
