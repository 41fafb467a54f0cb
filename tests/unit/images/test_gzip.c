/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "images/gzip.h"

enum { OUT_MAX = 64 * 1024 * 1024 };

/* What the input looks like decides which kinds of deflate blocks there are. */
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

static void
compress_in_steps(const unsigned char *p, size_t n, size_t step, int level, struct buf *out)
{
    const struct sink sink = {collect, out};
    cleanup_gzip struct gzip *g = gzip_new(level, &sink);
    struct err err = ERR_INIT;

    for (size_t at = 0; at < n; at += step)
        assert_int_equal(gzip_write(g, p + at, n - at < step ? n - at : step, &err), 0);
    assert_int_equal(gzip_finish(g, &err), 0);
}

/* inflate() stops at the end of a member, so what is left over would be a second one. */
static void
assert_one_member_of(const struct buf *gz, const unsigned char *p, size_t n)
{
    cleanup_free unsigned char *back = mem_alloc(n + 1);
    z_stream z = {.next_in = (unsigned char *)gz->p, .avail_in = (uInt)gz->n};

    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    z.next_out = back;
    z.avail_out = (uInt)n + 1;
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    assert_int_equal(z.total_out, n);
    assert_memory_equal(back, p, n);
    inflateEnd(&z);
}

static void
what_goes_in_comes_out_of_one_member(void **state)
{
    static const size_t sizes[] = {0,
                                   1,
                                   512,
                                   GZIP_CHUNK - 1,
                                   GZIP_CHUNK,
                                   GZIP_CHUNK + 1,
                                   2 * GZIP_CHUNK,
                                   3 * (size_t)GZIP_CHUNK + 77};

    (void)state;
    for (enum look look = ZEROS; look <= MIXED; look++) {
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
            cleanup_free unsigned char *p = make_input(look, sizes[i]);
            cleanup_buf struct buf gz = BUF_INIT(OUT_MAX);

            compress_in_steps(p, sizes[i], 1 << 20, GZIP_LEVEL, &gz);
            assert_one_member_of(&gz, p, sizes[i]);
        }
    }
}

/* Each length of the last block ends on another bit, and each join must fit there. */
static void
pieces_join_at_every_bit(void **state)
{
    (void)state;
    for (size_t noise = 0; noise < 40; noise++) {
        size_t n = (size_t)GZIP_CHUNK + 1;
        cleanup_free unsigned char *p = make_input(TEXT, n);
        cleanup_buf struct buf gz = BUF_INIT(OUT_MAX);

        for (size_t i = 0; i < noise; i++)
            p[GZIP_CHUNK - 1 - i] = (unsigned char)(i * 37);
        memset(p, 0, GZIP_CHUNK - 4096);
        compress_in_steps(p, n, n, GZIP_LEVEL, &gz);
        assert_one_member_of(&gz, p, n);
    }
}

static void
every_level_joins(void **state)
{
    size_t n = (size_t)GZIP_CHUNK + 4096;
    cleanup_free unsigned char *p = make_input(MIXED, n);

    (void)state;
    for (int level = GZIP_LEVEL_MIN; level <= GZIP_LEVEL_MAX; level++) {
        cleanup_buf struct buf gz = BUF_INIT(OUT_MAX);

        compress_in_steps(p, n, n, level, &gz);
        assert_one_member_of(&gz, p, n);
    }
}

static void
the_bytes_do_not_depend_on_how_they_were_written(void **state)
{
    static const size_t steps[] = {512, 8191, GZIP_CHUNK, 3 * (size_t)GZIP_CHUNK};
    size_t n = 2 * (size_t)GZIP_CHUNK + 999;
    cleanup_free unsigned char *p = make_input(MIXED, n);
    cleanup_buf struct buf want = BUF_INIT(OUT_MAX);

    (void)state;
    compress_in_steps(p, n, n, GZIP_LEVEL, &want);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        cleanup_buf struct buf got = BUF_INIT(OUT_MAX);

        compress_in_steps(p, n, steps[i], GZIP_LEVEL, &got);
        assert_int_equal(got.n, want.n);
        assert_memory_equal(got.p, want.p, want.n);
    }
}

static void
the_header_has_neither_time_nor_name(void **state)
{
    static const unsigned char want[] = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255};
    cleanup_buf struct buf gz = BUF_INIT(OUT_MAX);

    (void)state;
    compress_in_steps((const unsigned char *)"x", 1, 1, GZIP_LEVEL, &gz);
    assert_memory_equal(gz.p, want, sizeof(want));
}

static int
refuse(void *ctx, const void *p, size_t n, struct err *err)
{
    (void)ctx;
    (void)p;
    (void)n;
    return err_set(err, ERR_IO, "no space left");
}

static void
a_sink_that_fails_fails_the_stream(void **state)
{
    const struct sink sink = {refuse, NULL};
    cleanup_gzip struct gzip *g = gzip_new(GZIP_LEVEL, &sink);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(gzip_write(g, "x", 1, &err), 0);
    assert_int_equal(gzip_finish(g, &err), -1);
    assert_string_equal(err.msg, "no space left");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out_of_one_member),
        cmocka_unit_test(pieces_join_at_every_bit),
        cmocka_unit_test(every_level_joins),
        cmocka_unit_test(the_bytes_do_not_depend_on_how_they_were_written),
        cmocka_unit_test(the_header_has_neither_time_nor_name),
        cmocka_unit_test(a_sink_that_fails_fails_the_stream),
    };
    return cmocka_run_group_tests_name("images/gzip", tests, NULL, NULL);
}
