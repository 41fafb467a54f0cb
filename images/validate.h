/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_VALIDATE_H
#define IMAGES_VALIDATE_H

/*
 * Everything an image is made of against what it says of itself and against image-spec: size and
 * digest of every blob, diffIDs, required fields and media types of the documents, annotations, and
 * the rules of layers.  All findings come in one run.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct buf;
struct err;
struct limits;

struct validate_result {
    size_t findings;
    size_t images, blobs;
    uint64_t bytes; /* of the blobs */
};

/* name is an image with all its platforms, or oci:DIR for every image of a layout.  Findings are
 * lines of out, notes among them, which begin with "note: " and do not count.  -1 when nothing
 * could be checked at all. */
int validate_image(const char *name, struct limits *limits, struct buf *out,
                   struct validate_result *result, struct err *err) NODISCARD;

#endif
