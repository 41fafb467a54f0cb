/* SPDX-License-Identifier: Apache-2.0 */
#include "images/gzip.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <libdeflate.h>
#include <zlib.h>

#include "base/err.h"
#include "base/mem.h"

enum { JOIN_MAX = 5 }; /* bytes that an empty stored block can add */

struct gzip {
    struct sink sink;
    struct libdeflate_compressor *compressor;
    unsigned char *in;
    size_t in_n;
    unsigned char *out;
    size_t out_cap;
    uint32_t crc;
    uint32_t length; /* modulo 2^32, as the trailer has it */
    bool begun;
    unsigned char *scratch; /* where find_last_block() inflates to */
};

static const unsigned char header[10] = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255};

struct gzip *
gzip_new(int level, const struct sink *sink)
{
    struct gzip *g = mem_alloc(sizeof(*g));

    assert(level >= GZIP_LEVEL_MIN && level <= GZIP_LEVEL_MAX);
    g->sink = *sink;
    g->compressor = libdeflate_alloc_compressor(level);
    if (g->compressor == NULL)
        abort(); /* out of memory, as in base/mem.h */
    g->out_cap = libdeflate_deflate_compress_bound(g->compressor, GZIP_CHUNK) + JOIN_MAX;
    g->in = mem_alloc(GZIP_CHUNK);
    g->out = mem_alloc(g->out_cap);
    return g;
}

void
gzip_free(struct gzip *g)
{
    if (g == NULL)
        return;
    libdeflate_free_compressor(g->compressor);
    free(g->in);
    free(g->out);
    free(g->scratch);
    free(g);
}

void
gzip_freep(struct gzip **g)
{
    gzip_free(*g);
}

/* Where deflate's pieces begin and end, in bits. */
struct bits {
    size_t last_block; /* the header of the last block */
    size_t end;
};

/*
 * libdeflate cannot leave the final bit away, nor does it say where the last block begins.  zlib's
 * inflate, stopped at each block, does: one pass over bytes that are still in the cache.
 */
static int
find_last_block(struct gzip *g, size_t n, struct bits *bits, struct err *err)
{
    z_stream z = {.next_in = g->out, .avail_in = (uInt)n};
    int done;

    if (g->scratch == NULL)
        g->scratch = mem_alloc(GZIP_CHUNK);
    z.next_out = g->scratch;
    z.avail_out = GZIP_CHUNK;
    if (inflateInit2(&z, -15) != Z_OK)
        return err_set(err, ERR_INTERNAL, "gzip: inflate cannot start");
    /* Each stop lies behind a block; 64 says that it was the last one. */
    do {
        bits->last_block = bits->end;
        done = inflate(&z, Z_BLOCK);
        bits->end = z.total_in * 8 - (size_t)(z.data_type & 7);
    } while (done == Z_OK && (z.data_type & 64) == 0);
    inflateEnd(&z);
    if (done != Z_OK || z.total_in != n || z.total_out != g->in_n)
        return err_set(err, ERR_INTERNAL, "gzip: the compressor's output does not inflate");
    return 0;
}

/* Makes the n bytes of a complete deflate stream in g->out one that others may follow; returns its
 * new length, 0 on failure. */
static size_t
join(struct gzip *g, size_t n, struct err *err)
{
    static const unsigned char stored_block_length[4] = {0x00, 0x00, 0xFF, 0xFF};
    struct bits bits = {0, 0};
    size_t whole;

    if (find_last_block(g, n, &bits, err) < 0)
        return 0;
    g->out[bits.last_block / 8] &= (unsigned char)~(1U << (bits.last_block % 8));
    /* Three zero bits for the header of the stored block, then zeros up to the byte's end.  The
     * bits behind the end are zero already. */
    whole = (bits.end + 3 + 7) / 8;
    if (whole > n)
        g->out[n] = 0;
    memcpy(g->out + whole, stored_block_length, sizeof(stored_block_length));
    return whole + sizeof(stored_block_length);
}

static int
write_chunk(struct gzip *g, bool last, struct err *err)
{
    size_t n = libdeflate_deflate_compress(g->compressor, g->in, g->in_n, g->out, g->out_cap);

    if (n == 0)
        return err_set(err, ERR_INTERNAL, "gzip: the output did not fit its bound");
    if (!last) {
        n = join(g, n, err);
        if (n == 0)
            return -1;
    }
    g->crc = libdeflate_crc32(g->crc, g->in, g->in_n);
    g->length += (uint32_t)g->in_n;
    g->in_n = 0;
    if (!g->begun && sink_write(&g->sink, header, sizeof(header), err) < 0)
        return -1;
    g->begun = true;
    return sink_write(&g->sink, g->out, n, err);
}

int
gzip_write(struct gzip *g, const void *p, size_t n, struct err *err)
{
    const unsigned char *at = p;

    while (n > 0) {
        size_t step;

        /* A full chunk waits until more comes: only then it is known not to be the last. */
        if (g->in_n == GZIP_CHUNK && write_chunk(g, false, err) < 0)
            return -1;
        step = GZIP_CHUNK - g->in_n < n ? GZIP_CHUNK - g->in_n : n;
        memcpy(g->in + g->in_n, at, step);
        g->in_n += step;
        at += step;
        n -= step;
    }
    return 0;
}

static void
put_le32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> (8 * i));
}

int
gzip_finish(struct gzip *g, struct err *err)
{
    unsigned char trailer[8];

    if (write_chunk(g, true, err) < 0)
        return -1;
    put_le32(trailer, g->crc);
    put_le32(trailer + 4, g->length);
    return sink_write(&g->sink, trailer, sizeof(trailer), err);
}

const char *
gzip_library_version(void)
{
    return "libdeflate " LIBDEFLATE_VERSION_STRING;
}
