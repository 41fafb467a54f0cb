/* SPDX-License-Identifier: Apache-2.0 */
#include "images/gzip.h"

#include <stdint.h>
#include <stdlib.h>

#include <libdeflate.h>
#include <zlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "images/blob.h"
#include "images/compressor.h"
#include "images/deflate_open.h"

enum {
    LEVEL_MIN = 1,
    LEVEL_MAX = 12,
    /* About half the time of level 6 for some 3 % more bytes. */
    LEVEL = 4
};

enum { WATCH, COMPRESS, EMIT, N_STAGES };

/* What a thread has for itself. */
struct worker {
    struct libdeflate_compressor *compressor; /* made when it is needed */
};

struct gzip {
    struct compressor_opts opts;
    struct worker *workers; /* one a thread */
    z_off_t emitted;        /* bytes of the input; the trailer has them modulo 2^32 */
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

static struct libdeflate_compressor *
compressor_of(struct gzip *g, unsigned thread)
{
    struct worker *w = &g->workers[thread];

    if (w->compressor == NULL)
        w->compressor = libdeflate_alloc_compressor(g->opts.level);
    if (w->compressor == NULL)
        mem_fail(sizeof(*g));
    return w->compressor;
}

static int
compress_chunk(void *ctx, unsigned thread, struct stages_chunk *c, struct err *err)
{
    struct gzip *g = ctx;
    struct libdeflate_compressor *compressor = compressor_of(g, thread);
    size_t room = libdeflate_deflate_compress_bound(compressor, GZIP_CHUNK) + DEFLATE_OPEN_ROOM;

    if (c->out == NULL)
        c->out = mem_alloc(room);
    c->crc = libdeflate_crc32(0, c->in, c->in_n);
    if (!c->last) {
        c->out_n = deflate_open(compressor, c->in, c->in_n, c->out, room, err);
        return c->out_n > 0 ? 0 : -1;
    }
    c->out_n = libdeflate_deflate_compress(compressor, c->in, c->in_n, c->out, room);
    if (c->out_n == 0)
        return err_set(err, ERR_INTERNAL, "gzip: the output did not fit its bound");
    return 0;
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
    g->workers = mem_alloc(o->threads * sizeof(*g->workers));
    return g;
}

static void
done(void *ctx)
{
    struct gzip *g = ctx;

    for (unsigned i = 0; i < g->opts.threads; i++)
        libdeflate_free_compressor(g->workers[i].compressor);
    free(g->workers);
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
