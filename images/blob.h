/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_BLOB_H
#define IMAGES_BLOB_H

/*
 * Content with its descriptor (image-spec descriptor.md), either in memory or in a file that is not
 * published yet.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "images/staging.h"

struct buf;
struct err;
struct json_t;

enum { BLOB_DIGEST_MAX = 80, BLOB_HEX_OFFSET = 7 }; /* "sha256:" and 64 digits */

#define BLOB_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define BLOB_CONFIG   "application/vnd.oci.image.config.v1+json"
#define BLOB_TAR      "application/vnd.oci.image.layer.v1.tar"
#define BLOB_GZIP     "application/vnd.oci.image.layer.v1.tar+gzip"
#define BLOB_ZSTD     "application/vnd.oci.image.layer.v1.tar+zstd"

struct blob {
    const char *media_type; /* one of the literals above */
    char digest[BLOB_DIGEST_MAX];
    uint64_t size;
    char *data;         /* NULL when the content is in the file */
    struct staged file; /* fd -1 when it is in memory */
};

#define BLOB_INIT                       \
    {                                   \
        NULL, {0}, 0, NULL, STAGED_INIT \
    }

void blob_done(struct blob *b); /* a file that was not published is removed */

/* A blob from the text in b, which is taken. */
int blob_from_text(struct blob *out, const char *media_type, struct buf *b,
                   struct err *err) NODISCARD;

/* The digits behind "sha256:". */
const char *blob_hex(const struct blob *b);

/* Reads at most n bytes at an offset below size; returns how many, at least 1, or -1. */
ptrdiff_t blob_read(const struct blob *b, uint64_t offset, void *into, size_t n, struct err *err);

/* {"mediaType", "digest", "size"}, a new reference. */
struct json_t *blob_descriptor(const struct blob *b);

#endif
