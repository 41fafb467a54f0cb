/* SPDX-License-Identifier: Apache-2.0 */
#include "images/deflate_open.h"

#include <assert.h>
#include <string.h>

#include <libdeflate.h>

#include "base/err.h"
#include "images/deflate_scan.h"

/*
 * The libdeflate that we build has this function (scripts/deps/recipes/libdeflate.sh).  Others
 * always set the final bit, and do not say where the last block begins.
 */
#ifndef LIBDEFLATE_HAS_OPEN

/* Makes a complete stream one that others may follow. Behind n are DEFLATE_OPEN_ROOM bytes. */
static size_t
reopen(unsigned char *out, size_t n)
{
    static const unsigned char stored_block_length[4] = {0x00, 0x00, 0xFF, 0xFF};
    struct deflate_scan bits;
    size_t whole;

    memset(out + n, 0, DEFLATE_SCAN_PADDING);
    if (!deflate_scan(out, n, &bits))
        return 0;
    out[bits.last_block / 8] &= (unsigned char)~(1U << (bits.last_block % 8));
    /* Three zero bits for the header of the stored block, then zeros up to the byte's end.  The
     * bits behind the end are zero already. */
    whole = (bits.end + 3 + 7) / 8;
    memcpy(out + whole, stored_block_length, sizeof(stored_block_length));
    return whole + sizeof(stored_block_length);
}

static size_t
libdeflate_deflate_compress_open(struct libdeflate_compressor *c, const void *in, size_t n,
                                 void *out, size_t out_size)
{
    n = libdeflate_deflate_compress(c, in, n, out, out_size - DEFLATE_OPEN_ROOM);
    return n == 0 ? 0 : reopen(out, n);
}

#endif

size_t
deflate_open(struct libdeflate_compressor *c, const void *in, size_t n, unsigned char *out,
             size_t out_size, struct err *err)
{
    static_assert((int)DEFLATE_OPEN_ROOM >= (int)DEFLATE_SCAN_PADDING,
                  "the scan reads behind the stream");
    size_t size;

    assert(n >= DEFLATE_OPEN_MIN && out_size > DEFLATE_OPEN_ROOM);
    size = libdeflate_deflate_compress_open(c, in, n, out, out_size);
    if (size == 0)
        err_set(err, ERR_INTERNAL, "deflate: the output did not fit its bound");
    return size;
}
