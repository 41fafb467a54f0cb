/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "images/tar_read.h"
#include "support/tar_bytes.h"

enum { OUT_MAX = 1 << 20, META_MAX = 4096 };

/* What was told, as text: "type path size mtime.ns target|content". */
static int
take_entry(void *ctx, const struct tar_read_entry *e, struct err *err)
{
    (void)err;
    buf_appendf(ctx, "[%d %s %llu %lld.%u %s]", (int)e->type, e->path, (unsigned long long)e->size,
                (long long)e->mtime, e->mtime_ns, e->target != NULL ? e->target : "-");
    for (size_t i = 0; i < e->n_xattrs; i++)
        buf_appendf(ctx, "{%s=%s}", e->xattrs[i].name, e->xattrs[i].value);
    return 0;
}

static int
take_data(void *ctx, const void *p, size_t n, struct err *err)
{
    (void)err;
    buf_append(ctx, p, n);
    return 0;
}

static int
read_in_pieces(const struct buf *tar, size_t piece, struct buf *told, struct err *err)
{
    const struct tar_read_visitor v = {take_entry, take_data, told};
    cleanup_tar_read struct tar_read *t = tar_read_new(&v, META_MAX);

    for (size_t at = 0; at < tar->n; at += piece) {
        size_t n = tar->n - at < piece ? tar->n - at : piece;

        if (tar_read_write(t, tar->p + at, n, err) < 0)
            return -1;
    }
    return tar_read_finish(t, err);
}

static void
entries_and_contents_come_in_order_whatever_the_pieces(void **state)
{
    static const size_t pieces[] = {1, 7, 511, 512, 513, 100000};
    cleanup_buf struct buf tar = BUF_INIT(OUT_MAX);
    struct err err = ERR_INIT;

    (void)state;
    tar_bytes_header(&tar, "d/", '5', 0, "");
    tar_bytes_file(&tar, "d/a", "hello");
    tar_bytes_header(&tar, "d/l", '2', 0, "a");
    tar_bytes_pax(&tar, "13 path=long\n15 mtime=-1.25\n25 SCHILY.xattr.user.k=v\n");
    tar_bytes_file(&tar, "short", "world");
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        cleanup_buf struct buf told = BUF_INIT(OUT_MAX);

        assert_int_equal(read_in_pieces(&tar, pieces[i], &told, &err), 0);
        assert_string_equal(buf_cstr(&told), "[5 d/ 0 0.0 -][0 d/a 5 0.0 -]hello[2 d/l 0 0.0 a]"
                                             "[0 long 5 -2.750000000 -]{user.k=v}world");
    }
}

static void
what_two_readers_could_take_for_different_files_is_refused(void **state)
{
    static const struct {
        const char *records, *why;
    } cases[] = {
        {"9 size=9\n", "sizes disagree: 5 in the header, 9 in the extended one"},
        {"30 path=\n", "malformed record"},
        {"8 path=\n", "an extended header's path is empty"},
        {"12 path=a\n", "an extended header has a malformed record"},
        {"9 path=a\n9 path=b\n", "an entry is named twice"},
        {"7 uid=\n", "an extended header's uid is malformed"},
        {"18 uid=4294967295\n", "an extended header's uid is malformed"},
        {"13 mtime=1e9\n", "an extended header's mtime is malformed"},
        {"22 GNU.sparse.major=1\n", "sparse files"},
        {"6 =abc\n", "malformed record"},
        {"-5 a=b\n", "malformed record"},
        {"99999999999999999999 a=b\n", "malformed record"},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_buf struct buf tar = BUF_INIT(OUT_MAX);
        cleanup_buf struct buf told = BUF_INIT(OUT_MAX);

        err = (struct err)ERR_INIT;
        tar_bytes_pax(&tar, cases[i].records);
        tar_bytes_file(&tar, "x", "hello");
        assert_int_equal(read_in_pieces(&tar, 100, &told, &err), -1);
        assert_non_null(strstr(err.msg, cases[i].why));
    }
}

static void
an_extended_header_has_a_limit_before_memory_is_taken(void **state)
{
    cleanup_buf struct buf tar = BUF_INIT(OUT_MAX);
    cleanup_buf struct buf told = BUF_INIT(OUT_MAX);
    struct err err = ERR_INIT;

    (void)state;
    tar_bytes_header(&tar, "pax", 'x', META_MAX + 1, "");
    assert_int_equal(read_in_pieces(&tar, 512, &told, &err), -1);
    assert_int_equal(err.code, ERR_LIMIT);
}

static void
a_stream_may_end_without_end_blocks_but_not_inside_an_entry(void **state)
{
    cleanup_buf struct buf tar = BUF_INIT(OUT_MAX);
    cleanup_buf struct buf told = BUF_INIT(OUT_MAX);
    struct err err = ERR_INIT;

    (void)state;
    tar_bytes_file(&tar, "a", "hello");
    assert_int_equal(read_in_pieces(&tar, 512, &told, &err), 0);
    tar.n = TAR_BLOCK + 4;
    assert_int_equal(read_in_pieces(&tar, 512, &told, &err), -1);
    tar.n = TAR_BLOCK - 1;
    assert_int_equal(read_in_pieces(&tar, 512, &told, &err), -1);
    assert_string_equal(err.msg, "the tar is cut short");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_and_contents_come_in_order_whatever_the_pieces),
        cmocka_unit_test(what_two_readers_could_take_for_different_files_is_refused),
        cmocka_unit_test(an_extended_header_has_a_limit_before_memory_is_taken),
        cmocka_unit_test(a_stream_may_end_without_end_blocks_but_not_inside_an_entry),
    };

    return cmocka_run_group_tests_name("images/tar_read", tests, NULL, NULL);
}
