/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_DEFLATE_SCAN_H
#define IMAGES_DEFLATE_SCAN_H

/*
 * Where the blocks of a deflate stream (RFC 1951) lie.  The codes are read over, nothing is
 * decompressed, which takes a fraction of the time that inflating does.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

enum { DEFLATE_SCAN_PADDING = 16 }; /* bytes that must be readable behind the stream */

struct deflate_scan {
    size_t last_block; /* bit at which the block with the "final" bit begins, which is that bit */
    size_t end;        /* bit behind the stream */
};

/* False when the n bytes are not one whole stream. */
bool deflate_scan(const unsigned char *p, size_t n, struct deflate_scan *out) NODISCARD;

#endif
