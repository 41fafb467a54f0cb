/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "images/compressor.h"
#include "images/gzip.h"

/* What holds for all kinds of compressors is in test_compressor.c. */

enum { OUT_MAX = 64 * 1024 * 1024 };

static int
collect(void *ctx, const void *p, size_t n, struct err *err)
{
    buf_append(ctx, p, n);
    return buf_finish(ctx, err);
}

static void
compress_text(const unsigned char *p, size_t n, int level, struct buf *out)
{
    const struct compressor_opts opts = {.level = level, .threads = 2, .out = {collect, out}};
    cleanup_compressor struct compressor *c = compressor_new(&gzip_kind, &opts);
    struct err err = ERR_INIT;

    assert_int_equal(compressor_write(c, p, n, &err), 0);
    assert_int_equal(compressor_finish(c, &err), 0);
}

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

/* Each length of the last block ends on another bit, and each join must fit there. */
static void
pieces_join_at_every_bit(void **state)
{
    const size_t n = (size_t)GZIP_CHUNK + 1;

    (void)state;
    for (size_t noise = 0; noise < 40; noise++) {
        cleanup_free unsigned char *p = mem_alloc(n);
        cleanup_buf struct buf gz = BUF_INIT(OUT_MAX);

        for (size_t i = GZIP_CHUNK - 4096; i < n; i++)
            p[i] = (unsigned char)('a' + (i * i >> 7) % 16);
        for (size_t i = 0; i < noise; i++)
            p[GZIP_CHUNK - 1 - i] = (unsigned char)(i * 37);
        compress_text(p, n, 0, &gz);
        assert_one_member_of(&gz, p, n);
    }
}

static void
the_header_has_neither_time_nor_name(void **state)
{
    static const unsigned char want[] = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255};
    cleanup_buf struct buf gz = BUF_INIT(OUT_MAX);

    (void)state;
    compress_text((const unsigned char *)"x", 1, 0, &gz);
    assert_memory_equal(gz.p, want, sizeof(want));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_join_at_every_bit),
        cmocka_unit_test(the_header_has_neither_time_nor_name),
    };
    return cmocka_run_group_tests_name("images/gzip", tests, NULL, NULL);
}
