/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_COPY_H
#define IMAGES_COPY_H

/* Copies an image, or an index with all its images, from a store to a depot; no byte and no digest
 * changes. */

#include <stdint.h>

#include "base/attr.h"
#include "images/descriptor.h"

struct depot;
struct err;
struct platform;
struct store;

struct copy_result {
    struct descriptor root;
    unsigned manifests;   /* images copied, without indexes */
    unsigned blobs;       /* that the target did not have */
    unsigned blobs_there; /* that it had, or took over from within its registry */
    uint64_t bytes;       /* of `blobs` */
};

/* p: that platform's image alone; NULL: whatever the name stands for. */
int copy_image(struct store *from, struct depot *to, const struct platform *p,
               struct copy_result *out, struct err *err) NODISCARD;

#endif
