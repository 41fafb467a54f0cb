/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/mem.h"
#include "images/deflate_scan.h"

enum { PLAIN_MAX = 600 * 1000, OUT_MAX = PLAIN_MAX + 10000 };

/* Of a few letters, all bytes, repeats from near and far. */
static unsigned char *
make_plain(unsigned look, size_t n)
{
    unsigned char *p = mem_alloc(n + 1);
    uint32_t seed = look + 1;

    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525 + 1013904223;
        switch (look % 4) {
        case 0:
            p[i] = (unsigned char)('a' + (seed >> 29));
            break;
        case 1:
            p[i] = (unsigned char)(seed >> 24);
            break;
        case 2:
            p[i] = i > 40000 && (i >> 6) % 3 != 0 ? p[i - 31000 - (i >> 12)]
                                                  : (unsigned char)(seed >> 26);
            break;
        default:
            /* Powers of two: the codes become as long as codes can be. */
            p[i] = (unsigned char)__builtin_ctz(seed >> 3 | 1U << 28);
        }
    }
    return p;
}

static size_t
deflate_raw(const unsigned char *p, size_t n, int level, int strategy, unsigned char *out)
{
    z_stream z = {.next_in = (unsigned char *)p, .avail_in = (uInt)n};
    size_t size;

    assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, -15, 8, strategy), Z_OK);
    z.next_out = out;
    z.avail_out = OUT_MAX;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size = z.total_out;
    deflateEnd(&z);
    return size;
}

/* The same found by zlib, which stops at each block. */
static struct deflate_scan
inflate_by_blocks(unsigned char *p, size_t n)
{
    cleanup_free unsigned char *back = mem_alloc(PLAIN_MAX + 1);
    struct deflate_scan bits = {0, 0};
    z_stream z = {.next_in = p, .avail_in = (uInt)n, .next_out = back, .avail_out = PLAIN_MAX + 1};
    int done;

    assert_int_equal(inflateInit2(&z, -15), Z_OK);
    do {
        bits.last_block = bits.end;
        done = inflate(&z, Z_BLOCK);
        bits.end = z.total_in * 8 - (size_t)(z.data_type & 7);
    } while (done == Z_OK && (z.data_type & 64) == 0);
    assert_true(done == Z_OK || done == Z_STREAM_END);
    inflateEnd(&z);
    return bits;
}

static void
blocks_are_where_zlib_finds_them(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 100, 5000, 70000, PLAIN_MAX};
    static const int strategies[] = {Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE};
    cleanup_free unsigned char *out = mem_alloc(OUT_MAX + DEFLATE_SCAN_PADDING);

    (void)state;
    for (unsigned look = 0; look < 4; look++) {
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
            cleanup_free unsigned char *p = make_plain(look, sizes[i]);

            for (size_t k = 0; k < ARRAY_LEN(strategies) * 10; k++) {
                size_t n = deflate_raw(p, sizes[i], (int)(k % 10), strategies[k / 10], out);
                struct deflate_scan want = inflate_by_blocks(out, n), got = {0, 0};

                assert_true(deflate_scan(out, n, &got));
                assert_int_equal(got.last_block, want.last_block);
                assert_int_equal(got.end, want.end);
            }
        }
    }
}

static void
what_is_no_whole_stream_is_refused(void **state)
{
    const size_t n = 30000;
    cleanup_free unsigned char *p = make_plain(0, n);
    cleanup_free unsigned char *out = mem_alloc(OUT_MAX + DEFLATE_SCAN_PADDING);
    size_t size = deflate_raw(p, n, 6, Z_DEFAULT_STRATEGY, out);
    struct deflate_scan bits;

    (void)state;
    for (size_t cut = 0; cut < size; cut += cut < 200 ? 1 : 97) {
        cleanup_free unsigned char *part = mem_alloc(cut + DEFLATE_SCAN_PADDING);

        memcpy(part, out, cut);
        assert_false(deflate_scan(part, cut, &bits));
    }
    assert_false(deflate_scan(out, size + 1, &bits));
    out[0] |= 6; /* the kind of block that does not exist */
    assert_false(deflate_scan(out, size, &bits));
}

/* Whatever the bits are, it ends and stays inside (seen by the sanitizers). */
static void
noise_does_no_harm(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 20000; seed++) {
        size_t n = seed % 300;
        cleanup_free unsigned char *p = mem_alloc(n + DEFLATE_SCAN_PADDING);
        uint32_t noise = seed * 2654435761U;
        struct deflate_scan bits;

        for (size_t i = 0; i < n; i++) {
            noise = noise * 1664525 + 1013904223;
            p[i] = (unsigned char)(noise >> 24);
        }
        if (n > 0)
            p[0] = (unsigned char)((p[0] & ~6U) | (seed % 3) << 1);
        if (deflate_scan(p, n, &bits))
            assert_int_equal((bits.end + 7) / 8, n);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_where_zlib_finds_them),
        cmocka_unit_test(what_is_no_whole_stream_is_refused),
        cmocka_unit_test(noise_does_no_harm),
    };
    return cmocka_run_group_tests_name("images/deflate_scan", tests, NULL, NULL);
}
