/* SPDX-License-Identifier: Apache-2.0 */
#include "images/zstd.h"

#include <signal.h>
#include <stdlib.h>

#include <zstd.h>

#include "base/err.h"
#include "base/mem.h"
#include "images/blob.h"
#include "images/compressor.h"

enum {
    LEVEL_MIN = 1,
    LEVEL_MAX = 19, /* those above need a window that decompressors refuse unless told otherwise */
    LEVEL = 3,
    CHUNK = 1024 * 1024
};

enum { WATCH, FEED, N_STAGES };

struct zstd {
    struct compressor_opts opts;
    ZSTD_CCtx *cctx;
    unsigned char *out;
    size_t out_size;
    bool begun;
};

static int
watch(void *ctx, unsigned thread, struct stages_chunk *c, struct err *err)
{
    const struct zstd *z = ctx;

    (void)thread;
    return compressor_pass_on(&z->opts.plain, c, err);
}

/* libzstd starts its threads at the first call.  They shall take no signals, which are for the
 * thread that looks for their note (images/interrupt.h). */
static size_t
call(struct zstd *z, ZSTD_outBuffer *out, ZSTD_inBuffer *in, ZSTD_EndDirective how)
{
    sigset_t all, before;
    size_t left;

    if (z->begun)
        return ZSTD_compressStream2(z->cctx, out, in, how);
    z->begun = true;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    left = ZSTD_compressStream2(z->cctx, out, in, how);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return left;
}

/* Until the input is taken and, at the end, until all output was written. */
static int
compress(struct zstd *z, ZSTD_inBuffer *in, ZSTD_EndDirective how, struct err *err)
{
    size_t left;

    do {
        ZSTD_outBuffer out = {z->out, z->out_size, 0};

        left = call(z, &out, in, how);
        if (ZSTD_isError(left))
            return err_set(err, ERR_INTERNAL, "zstd: %s", ZSTD_getErrorName(left));
        if (out.pos > 0 && sink_write(&z->opts.out, z->out, out.pos, err) < 0)
            return -1;
    } while (how == ZSTD_e_end ? left > 0 : in->pos < in->size);
    return 0;
}

static int
feed(void *ctx, unsigned thread, struct stages_chunk *c, struct err *err)
{
    ZSTD_inBuffer in = {c->in, c->in_n, 0};

    (void)thread;
    return compress(ctx, &in, ZSTD_e_continue, err);
}

/* Apart from the last chunk: a frame that ended with its first call would be told its size. */
static int
finish(void *ctx, struct err *err)
{
    ZSTD_inBuffer in = {NULL, 0, 0};

    return compress(ctx, &in, ZSTD_e_end, err);
}

static void
set(struct zstd *z, ZSTD_cParameter name, int value)
{
    size_t result = ZSTD_CCtx_setParameter(z->cctx, name, value);

    /* Only a library built without threads refuses one of these, and only out of memory is left. */
    if (ZSTD_isError(result))
        abort();
}

static void *
start(const struct compressor_opts *o)
{
    struct zstd *z = mem_alloc(sizeof(*z));

    z->opts = *o;
    z->cctx = ZSTD_createCCtx();
    if (z->cctx == NULL)
        mem_fail(sizeof(*z));
    set(z, ZSTD_c_compressionLevel, o->level);
    set(z, ZSTD_c_checksumFlag, 1);
    set(z, ZSTD_c_nbWorkers, (int)o->threads);
    z->out_size = ZSTD_CStreamOutSize();
    z->out = mem_alloc(z->out_size);
    return z;
}

static void
done(void *ctx)
{
    struct zstd *z = ctx;

    ZSTD_freeCCtx(z->cctx);
    free(z->out);
    free(z);
}

static const struct stage stages[N_STAGES] = {
    [WATCH] = {true, -1, watch},
    [FEED] = {true, -1, feed},
};

const struct compressor_kind zstd_kind = {
    .name = "zstd",
    .media_type = BLOB_ZSTD,
    .level_min = LEVEL_MIN,
    .level_max = LEVEL_MAX,
    .level = LEVEL,
    .chunk = CHUNK,
    .threads_max = N_STAGES + 1, /* and the one that writes; the library has its own besides */
    .stages = stages,
    .n_stages = N_STAGES,
    .start = start,
    .finish = finish,
    .free = done,
};

const char *
zstd_library_version(void)
{
    return "libzstd " ZSTD_VERSION_STRING;
}
