/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "images/compressor.h"
#include "images/gzip.h"
#include "images/none.h"
#include "images/zstd.h"

enum { OUT_MAX = 128 * 1024 * 1024 };

static const struct compressor_kind *const kinds[] = {&gzip_kind, &zstd_kind, &none_kind};

/* What the input looks like decides which kinds of blocks there are. */
enum look { ZEROS, NOISE, TEXT, MIXED };

static unsigned char *
make_input(enum look look, size_t n)
{
    unsigned char *p = mem_alloc(n + 1);
    uint32_t seed = 12345;

    for (size_t i = 0; i < n; i++) {
        enum look now = look == MIXED ? (enum look)((i >> 16) % MIXED) : look;

        seed = seed * 1664525 + 1013904223;
        if (now == NOISE)
            p[i] = (unsigned char)(seed >> 24);
        else if (now == TEXT)
            p[i] = (unsigned char)('a' + (seed >> 28));
    }
    return p;
}

static int
collect(void *ctx, const void *p, size_t n, struct err *err)
{
    buf_append(ctx, p, n);
    return buf_finish(ctx, err);
}

struct settings {
    int level;
    unsigned threads;
    size_t step; /* bytes a write */
};

static void
compress_in_steps(const struct compressor_kind *k, const struct settings *s, const unsigned char *p,
                  size_t n, struct buf *out)
{
    cleanup_buf struct buf plain = BUF_INIT(OUT_MAX);
    const struct compressor_opts opts = {.level = s->level,
                                         .threads = s->threads,
                                         .plain = {collect, &plain},
                                         .out = {collect, out}};
    cleanup_compressor struct compressor *c = compressor_new(k, &opts);
    struct err err = ERR_INIT;

    for (size_t at = 0; at < n; at += s->step)
        assert_int_equal(compressor_write(c, p + at, n - at < s->step ? n - at : s->step, &err), 0);
    assert_int_equal(compressor_finish(c, &err), 0);
    assert_int_equal(plain.n, n);
    assert_memory_equal(buf_cstr(&plain), p, n);
}

/* inflate() stops at the end of a member, so what is left over would be a second one. */
static void
inflate_one_member(const struct buf *gz, unsigned char *back, size_t n)
{
    z_stream z = {.next_in = (unsigned char *)gz->p, .avail_in = (uInt)gz->n};

    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    z.next_out = back;
    z.avail_out = (uInt)n + 1;
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    assert_int_equal(z.total_out, n);
    inflateEnd(&z);
}

static void
assert_holds(const struct compressor_kind *k, const struct buf *out, const unsigned char *p,
             size_t n)
{
    cleanup_free unsigned char *back = mem_alloc(n + 1);

    if (k == &gzip_kind) {
        inflate_one_member(out, back, n);
    } else if (k == &zstd_kind) {
        assert_int_equal(ZSTD_findFrameCompressedSize(out->p, out->n), out->n);
        assert_int_equal(ZSTD_decompress(back, n + 1, out->p, out->n), n);
    } else {
        assert_int_equal(out->n, n);
        memcpy(back, buf_cstr(out), n);
    }
    assert_memory_equal(back, p, n);
}

static void
what_goes_in_comes_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const size_t chunk = kinds[i]->chunk;
        const size_t sizes[] = {0, 1, 512, chunk - 1, chunk, chunk + 1, 2 * chunk, 3 * chunk + 77};
        const struct settings s = {0, 2, 1 << 20};

        for (enum look look = ZEROS; look <= MIXED; look++) {
            for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
                cleanup_free unsigned char *p = make_input(look, sizes[k]);
                cleanup_buf struct buf out = BUF_INIT(OUT_MAX);

                compress_in_steps(kinds[i], &s, p, sizes[k], &out);
                assert_holds(kinds[i], &out, p, sizes[k]);
            }
        }
    }
}

static void
every_level_works(void **state)
{
    const size_t n = 3 * 1024 * 1024 + 4096;
    cleanup_free unsigned char *p = make_input(MIXED, n);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        for (int level = kinds[i]->level_min; level <= kinds[i]->level_max; level++) {
            const struct settings s = {level, 2, n};
            cleanup_buf struct buf out = BUF_INIT(OUT_MAX);

            compress_in_steps(kinds[i], &s, p, n, &out);
            assert_holds(kinds[i], &out, p, n);
        }
    }
}

static void
neither_threads_nor_writes_show_in_the_bytes(void **state)
{
    /* For zstd more than one of its jobs, which are 8 MiB at its default level. */
    const size_t n = 20 * 1024 * 1024 + 999;
    const struct settings settings[] = {
        {0, 1, 512}, {0, 2, 8191}, {0, 3, 1 << 20}, {0, 8, 3 * (1 << 20) + 1}, {0, 2, n}};
    cleanup_free unsigned char *p = make_input(MIXED, n);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const struct settings one = {0, 1, n};
        cleanup_buf struct buf want = BUF_INIT(OUT_MAX);

        compress_in_steps(kinds[i], &one, p, n, &want);
        for (size_t k = 0; k < ARRAY_LEN(settings); k++) {
            cleanup_buf struct buf got = BUF_INIT(OUT_MAX);

            compress_in_steps(kinds[i], &settings[k], p, n, &got);
            assert_int_equal(got.n, want.n);
            assert_memory_equal(got.p, want.p, want.n);
        }
    }
}

/* ---- failures ---- */

/* A sink whose write number `good` fails. */
struct broken {
    unsigned good, calls;
};

static int
take_some(void *ctx, const void *p, size_t n, struct err *err)
{
    struct broken *b = ctx;

    (void)p;
    (void)n;
    if (b->calls++ < b->good)
        return 0;
    return err_set(err, ERR_IO, "no space left");
}

static int
write_all(struct compressor *c, const unsigned char *p, size_t n, struct err *err)
{
    enum { STEP = 300 * 1000 };

    for (size_t at = 0; at < n; at += STEP)
        if (compressor_write(c, p + at, n - at < STEP ? n - at : STEP, err) < 0)
            return -1;
    return compressor_finish(c, err);
}

static int
ignore(void *ctx, const void *p, size_t n, struct err *err)
{
    (void)ctx;
    (void)p;
    (void)n;
    (void)err;
    return 0;
}

/* Fails the output, or the watcher of the input, at each write in turn until all are taken. */
static void
fail_at_each_write(const struct compressor_kind *k, unsigned threads, bool plain,
                   const unsigned char *p, size_t n)
{
    int done = -1;

    for (unsigned good = 0; done < 0; good++) {
        struct broken broken = {good, 0};
        struct sink fails = {take_some, &broken}, works = {ignore, NULL};
        const struct compressor_opts opts = {
            .threads = threads, .plain = plain ? fails : works, .out = plain ? works : fails};
        struct compressor *c = compressor_new(k, &opts);
        struct err err = ERR_INIT;

        done = write_all(c, p, n, &err);
        compressor_free(c);
        if (done < 0) {
            assert_int_equal(broken.calls, good + 1); /* none came after the one that failed */
            assert_string_equal(err.msg, "no space left");
            assert_int_equal(err.code, ERR_IO);
        }
    }
}

static void
a_sink_that_fails_fails_the_stream(void **state)
{
    const size_t n = 6 * 1024 * 1024 + 7;
    cleanup_free unsigned char *p = make_input(MIXED, n);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        for (unsigned threads = 1; threads <= 3; threads++) {
            fail_at_each_write(kinds[i], threads, false, p, n);
            fail_at_each_write(kinds[i], threads, true, p, n);
        }
    }
}

static void
a_stream_may_be_given_up_at_any_moment(void **state)
{
    const size_t n = 7 * 1024 * 1024;
    cleanup_free unsigned char *p = make_input(MIXED, n);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        for (size_t to = 0; to <= n; to += n / 5) {
            const struct compressor_opts opts = {.threads = 4, .out = {ignore, NULL}};
            cleanup_compressor struct compressor *c = compressor_new(kinds[i], &opts);
            struct err err = ERR_INIT;

            assert_int_equal(compressor_write(c, p, to, &err), 0);
        }
    }
}

/* ---- names and levels ---- */

static void
kinds_have_names(void **state)
{
    (void)state;
    assert_ptr_equal(compressor_find("gzip"), &gzip_kind);
    assert_ptr_equal(compressor_find("zstd"), &zstd_kind);
    assert_ptr_equal(compressor_find("none"), &none_kind);
    assert_null(compressor_find("xz"));
    assert_null(compressor_find(""));
}

static void
levels_have_bounds(void **state)
{
    static const struct {
        const struct compressor_kind *kind;
        int level;
        const char *why; /* NULL: it is one */
    } table[] = {
        {&gzip_kind, 0, NULL},
        {&gzip_kind, 1, NULL},
        {&gzip_kind, 12, NULL},
        {&gzip_kind, 13, "'13': gzip has the levels 1 to 12"},
        {&gzip_kind, -1, "'-1': gzip has the levels 1 to 12"},
        {&zstd_kind, 0, NULL},
        {&zstd_kind, 19, NULL},
        {&zstd_kind, 20, "'20': zstd has the levels 1 to 19"},
        {&none_kind, 0, NULL},
        {&none_kind, 1, "'1': none has no levels"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct err err = ERR_INIT;
        int done = compressor_check_level(table[i].kind, table[i].level, &err);

        assert_int_equal(done, table[i].why == NULL ? 0 : -1);
        if (table[i].why != NULL) {
            assert_string_equal(err.msg, table[i].why);
            assert_int_equal(err.code, ERR_USAGE);
        }
    }
    assert_int_equal(gzip_kind.level, 4);
    assert_int_equal(zstd_kind.level, 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(every_level_works),
        cmocka_unit_test(neither_threads_nor_writes_show_in_the_bytes),
        cmocka_unit_test(a_sink_that_fails_fails_the_stream),
        cmocka_unit_test(a_stream_may_be_given_up_at_any_moment),
        cmocka_unit_test(kinds_have_names),
        cmocka_unit_test(levels_have_bounds),
    };
    return cmocka_run_group_tests_name("images/compressor", tests, NULL, NULL);
}
