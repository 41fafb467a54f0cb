/* SPDX-License-Identifier: Apache-2.0 */
#include "images/gzip.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>
#include <zlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "images/blob.h"
#include "images/compressor.h"
#include "images/deflate_scan.h"

enum {
    LEVEL_MIN = 1,
    LEVEL_MAX = 12,
    /* About half the time of level 6 for some 3 % more bytes. */
    LEVEL = 4,
    JOIN_MAX = 5 /* bytes that an empty stored block can add */
};

enum { WATCH, COMPRESS, EMIT, N_STAGES };

struct gzip {
    struct compressor_opts opts;
    struct libdeflate_compressor **compressors; /* one a thread, made when it is needed */
    z_off_t emitted; /* bytes of the input; the trailer has them modulo 2^32 */
    uint32_t crc;
};

static const unsigned char header[10] = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255};

static int
watch(void *ctx, unsigned thread, struct stages_chunk *c, struct err *err)
{
    const struct gzip *g = ctx;

    (void)thread;
    return compressor_pass_on(&g->opts.plain, c, err);
}

/* ---- one chunk ---- */

/*
 * Makes a complete deflate stream one that others may follow.  libdeflate cannot leave the final
 * bit away, nor does it say where the last block begins: the blocks are counted off.
 */
static int
join(struct stages_chunk *c, struct err *err)
{
    static const unsigned char stored_block_length[4] = {0x00, 0x00, 0xFF, 0xFF};
    struct deflate_scan bits;
    size_t whole;

    memset(c->out + c->out_n, 0, DEFLATE_SCAN_PADDING);
    if (!deflate_scan(c->out, c->out_n, &bits))
        return err_set(err, ERR_INTERNAL, "gzip: the compressor's output is no deflate stream");
    c->out[bits.last_block / 8] &= (unsigned char)~(1U << (bits.last_block % 8));
    /* Three zero bits for the header of the stored block, then zeros up to the byte's end.  The
     * bits behind the end are zero already. */
    whole = (bits.end + 3 + 7) / 8;
    memcpy(c->out + whole, stored_block_length, sizeof(stored_block_length));
    c->out_n = whole + sizeof(stored_block_length);
    return 0;
}

static struct libdeflate_compressor *
compressor_of(struct gzip *g, unsigned thread)
{
    if (g->compressors[thread] == NULL)
        g->compressors[thread] = libdeflate_alloc_compressor(g->opts.level);
    if (g->compressors[thread] == NULL)
        mem_fail(sizeof(*g));
    return g->compressors[thread];
}

static int
compress_chunk(void *ctx, unsigned thread, struct stages_chunk *c, struct err *err)
{
    struct gzip *g = ctx;
    struct libdeflate_compressor *compressor = compressor_of(g, thread);
    size_t room = libdeflate_deflate_compress_bound(compressor, GZIP_CHUNK);

    if (c->out == NULL)
        c->out = mem_alloc(room + JOIN_MAX + DEFLATE_SCAN_PADDING);
    c->crc = libdeflate_crc32(0, c->in, c->in_n);
    c->out_n = libdeflate_deflate_compress(compressor, c->in, c->in_n, c->out, room);
    if (c->out_n == 0)
        return err_set(err, ERR_INTERNAL, "gzip: the output did not fit its bound");
    return c->last ? 0 : join(c, err);
}

/* ---- all of them ---- */

static int
emit(void *ctx, unsigned thread, struct stages_chunk *c, struct err *err)
{
    struct gzip *g = ctx;

    (void)thread;
    if (g->emitted == 0 && sink_write(&g->opts.out, header, sizeof(header), err) < 0)
        return -1;
    g->crc = (uint32_t)crc32_combine(g->crc, c->crc, (z_off_t)c->in_n);
    g->emitted += (z_off_t)c->in_n;
    return sink_write(&g->opts.out, c->out, c->out_n, err);
}

static void
put_le32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> (8 * i));
}

static int
finish(void *ctx, struct err *err)
{
    struct gzip *g = ctx;
    unsigned char trailer[8];

    put_le32(trailer, g->crc);
    put_le32(trailer + 4, (uint32_t)g->emitted);
    return sink_write(&g->opts.out, trailer, sizeof(trailer), err);
}

static void *
start(const struct compressor_opts *o)
{
    struct gzip *g = mem_alloc(sizeof(*g));

    g->opts = *o;
    g->compressors = mem_alloc(o->threads * sizeof(*g->compressors));
    return g;
}

static void
done(void *ctx)
{
    struct gzip *g = ctx;

    for (unsigned i = 0; i < g->opts.threads; i++)
        libdeflate_free_compressor(g->compressors[i]);
    free(g->compressors);
    free(g);
}

static const struct stage stages[N_STAGES] = {
    [WATCH] = {true, -1, watch},
    [COMPRESS] = {false, -1, compress_chunk},
    [EMIT] = {true, COMPRESS, emit},
};

const struct compressor_kind gzip_kind = {
    .name = "gzip",
    .media_type = BLOB_GZIP,
    .level_min = LEVEL_MIN,
    .level_max = LEVEL_MAX,
    .level = LEVEL,
    .chunk = GZIP_CHUNK,
    .stages = stages,
    .n_stages = N_STAGES,
    .start = start,
    .finish = finish,
    .free = done,
};

const char *
gzip_library_version(void)
{
    return "libdeflate " LIBDEFLATE_VERSION_STRING;
}
