/* SPDX-License-Identifier: Apache-2.0 */
#include "images/inflate.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>
#include <zstd.h>

#include "base/err.h"
#include "base/mem.h"
#include "images/limits.h"

enum { OUT = 256 * 1024, GZIP_WINDOW = 15 + 16 /* zlib: 16 asks for a gzip header */ };

struct inflate {
    struct sink sink;
    struct limits *limits;
    enum inflate_kind kind;
    unsigned char magic[INFLATE_MAGIC];
    size_t magic_n;
    z_stream z;
    ZSTD_DStream *zstd;
    unsigned char *out;
    uint64_t in_total, out_total;
    bool between; /* members or frames */
    bool trailer;
};

struct inflate *
inflate_new(const struct sink *sink, struct limits *limits)
{
    struct inflate *f = mem_alloc(sizeof(*f));

    f->sink = *sink;
    f->limits = limits;
    return f;
}

void
inflate_free(struct inflate *f)
{
    if (f == NULL)
        return;
    if (f->kind == INFLATE_GZIP)
        inflateEnd(&f->z);
    ZSTD_freeDStream(f->zstd);
    free(f->out);
    free(f);
}

void
inflate_freep(struct inflate **f)
{
    inflate_free(*f);
}

enum inflate_kind
inflate_kind(const struct inflate *f)
{
    return f->kind;
}

bool
inflate_has_trailer(const struct inflate *f)
{
    return f->trailer;
}

int
inflate_detect(const void *p, size_t n, enum inflate_kind *out, struct err *err)
{
    static const unsigned char xz[4] = {0xFD, '7', 'z', 'X'};
    const unsigned char *b = p;

    if (n >= 2 && b[0] == 0x1F && b[1] == 0x8B) {
        *out = INFLATE_GZIP;
        return 0;
    }
    if (n >= 4 && b[0] == 0x28 && b[1] == 0xB5 && b[2] == 0x2F && b[3] == 0xFD) {
        *out = INFLATE_ZSTD;
        return 0;
    }
    if ((n >= 4 && memcmp(b, xz, sizeof(xz)) == 0) || (n >= 3 && memcmp(b, "BZh", 3) == 0))
        return err_set(err, ERR_UNSUPPORTED, "compressed by %s: only gzip and zstd are known",
                       b[0] == 'B' ? "bzip2" : "xz");
    *out = INFLATE_NONE;
    return 0;
}

static int
emit(struct inflate *f, const void *p, size_t n, struct err *err)
{
    f->out_total += n;
    if (n == 0)
        return 0;
    if (limits_count_bytes(f->limits, f->in_total, f->out_total, n, err) < 0)
        return -1;
    return sink_write(&f->sink, p, n, err);
}

/* zstd limits windows by powers of two: the largest one that stays below. */
static int
window_log(uint64_t mib)
{
    int log = 20;

    while (log < 31 && mib >> (log - 19) != 0)
        log++;
    return log;
}

static int
begin(struct inflate *f, struct err *err)
{
    if (inflate_detect(f->magic, f->magic_n, &f->kind, err) < 0)
        return -1;
    if (f->kind == INFLATE_NONE)
        return 0;
    f->out = mem_alloc(OUT);
    if (f->kind == INFLATE_GZIP && inflateInit2(&f->z, GZIP_WINDOW) != Z_OK)
        mem_fail(OUT);
    if (f->kind == INFLATE_GZIP)
        return 0;
    f->zstd = ZSTD_createDStream();
    if (f->zstd == NULL)
        mem_fail(OUT);
    ZSTD_DCtx_setParameter(f->zstd, ZSTD_d_windowLogMax, window_log(f->limits->zstd_mib));
    return 0;
}

/* ---- a piece ---- */

/* Whether what begins here is another member or frame. */
static bool
goes_on(const struct inflate *f, unsigned char first)
{
    if (f->kind == INFLATE_GZIP)
        return first == 0x1F;
    return first == 0x28 || (first >= 0x50 && first <= 0x5F); /* a frame, or one to skip */
}

static int
run_gzip(struct inflate *f, const unsigned char *p, size_t n, size_t *used, struct err *err)
{
    int done;

    f->z.next_in = (unsigned char *)p;
    f->z.avail_in = (uInt)n;
    do {
        f->z.next_out = f->out;
        f->z.avail_out = OUT;
        done = inflate(&f->z, Z_NO_FLUSH);
        if (done != Z_OK && done != Z_STREAM_END && done != Z_BUF_ERROR)
            return err_set(err, ERR_INVALID, "damaged gzip data: %s",
                           f->z.msg != NULL ? f->z.msg : "no reason given");
        if (emit(f, f->out, OUT - f->z.avail_out, err) < 0)
            return -1;
    } while (done == Z_OK && (f->z.avail_in > 0 || f->z.avail_out == 0));
    *used = n - f->z.avail_in;
    if (done == Z_STREAM_END) {
        f->between = true;
        if (inflateReset(&f->z) != Z_OK)
            return err_set(err, ERR_INTERNAL, "gzip: cannot begin again");
    }
    return 0;
}

static int
run_zstd(struct inflate *f, const unsigned char *p, size_t n, size_t *used, struct err *err)
{
    ZSTD_inBuffer in = {p, n, 0};
    ZSTD_outBuffer out;
    size_t hint;

    do {
        out = (ZSTD_outBuffer){f->out, OUT, 0};
        hint = ZSTD_decompressStream(f->zstd, &out, &in);
        if (ZSTD_isError(hint))
            return err_set(err, ERR_INVALID,
                           "damaged zstd data, or one that needs a larger window "
                           "than %llu MiB (--max-zstd-window): %s",
                           (unsigned long long)f->limits->zstd_mib, ZSTD_getErrorName(hint));
        if (emit(f, out.dst, out.pos, err) < 0)
            return -1;
    } while (hint != 0 && (in.pos < in.size || out.pos == out.size));
    *used = in.pos;
    f->between = hint == 0;
    return 0;
}

static int
run(struct inflate *f, const unsigned char *p, size_t n, struct err *err)
{
    f->in_total += n;
    if (f->kind == INFLATE_NONE)
        return emit(f, p, n, err);
    while (n > 0 && !f->trailer) {
        size_t used = 0;

        if (f->between && !goes_on(f, p[0])) {
            f->trailer = true;
            return 0;
        }
        f->between = false;
        if ((f->kind == INFLATE_GZIP ? run_gzip : run_zstd)(f, p, n, &used, err) < 0)
            return -1;
        p += used;
        n -= used;
    }
    return 0;
}

static int
start(struct inflate *f, struct err *err)
{
    if (begin(f, err) < 0)
        return -1;
    return run(f, f->magic, f->magic_n, err);
}

int
inflate_write(void *ctx, const void *p, size_t n, struct err *err)
{
    struct inflate *f = ctx;
    const unsigned char *at = p;

    while (f->kind == INFLATE_UNKNOWN && n > 0) {
        f->magic[f->magic_n++] = *at;
        at++;
        n--;
        if (f->magic_n == INFLATE_MAGIC && start(f, err) < 0)
            return -1;
    }
    return run(f, at, n, err);
}

int
inflate_finish(struct inflate *f, struct err *err)
{
    if (f->kind == INFLATE_UNKNOWN && start(f, err) < 0)
        return -1;
    if (f->kind != INFLATE_NONE && !f->between)
        return err_set(err, ERR_INVALID, "the compressed data is cut short");
    return 0;
}
