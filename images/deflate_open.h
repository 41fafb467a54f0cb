/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_DEFLATE_OPEN_H
#define IMAGES_DEFLATE_OPEN_H

/*
 * A piece of a deflate stream that others follow: no block of it has the "final" bit, and an empty
 * stored block ends it on a byte boundary (the sync flush of zlib).
 */

#include <stddef.h>

#include "base/attr.h"

struct err;
struct libdeflate_compressor;

enum {
    DEFLATE_OPEN_MIN = 64, /* bytes of the input; libdeflate treats shorter ones in another way */
    DEFLATE_OPEN_ROOM = 32 /* bytes that out must have beyond libdeflate's bound */
};

/* The length of the piece, whose bytes are the same with any build of libdeflate; 0 with err when
 * out_size is too small. */
size_t deflate_open(struct libdeflate_compressor *c, const void *in, size_t n, unsigned char *out,
                    size_t out_size, struct err *err) NODISCARD;

#endif
