/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "images/tar.h"

enum { OUT_MAX = 1024 * 1024, BLOCK = 512 };

static int
collect(void *ctx, const void *p, size_t n, struct err *err)
{
    buf_append(ctx, p, n);
    return buf_finish(ctx, err);
}

static int
write_one(const struct tar_entry *e, const char *content, struct buf *out, struct err *err)
{
    const struct sink sink = {collect, out};
    cleanup_tar struct tar *t = tar_new(&sink, 0, err);

    assert_non_null(t);
    if (tar_add(t, e, err) < 0 || tar_write(t, content, strlen(content), err) < 0)
        return -1;
    return tar_finish(t, err);
}

static bool
contains(const struct buf *b, const char *text)
{
    return memmem(b->p, b->n, text, strlen(text)) != NULL;
}

static void
a_plain_entry_is_one_header_its_content_and_the_end(void **state)
{
    const struct tar_entry e = {
        .path = "etc/hosts", .type = TAR_FILE, .mode = 0640, .uid = 7, .gid = 8, .size = 5};
    cleanup_buf struct buf out = BUF_INIT(OUT_MAX);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(write_one(&e, "hello", &out, &err), 0);
    assert_int_equal(out.n, BLOCK + BLOCK + 2 * BLOCK);
    assert_string_equal(out.p, "etc/hosts");
    assert_memory_equal(out.p + 100, "000640 ", 7);
    assert_memory_equal(out.p + 108, "000007 ", 7);
    assert_memory_equal(out.p + 124, "00000000005 ", 12);
    assert_memory_equal(out.p + 136, "00000000000 ", 12);
    assert_memory_equal(out.p + 257, "ustar\00000", 8);
    assert_memory_equal(out.p + BLOCK, "hello", 5);
}

static void
names_are_written_as_utf8_whatever_the_locale(void **state)
{
    const struct tar_entry e = {.path = "caf\xc3\xa9/e\xcc\x81", .type = TAR_FILE, .mode = 0644};
    static const char *const locales[] = {"C", "C.UTF-8", "POSIX"};
    cleanup_buf struct buf want = BUF_INIT(OUT_MAX);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(write_one(&e, "", &want, &err), 0);
    /* Not normalised either: the second name is an e and a combining accent. */
    assert_true(contains(&want, " path=caf\xc3\xa9/e\xcc\x81\n"));
    assert_false(contains(&want, "hdrcharset"));
    for (size_t i = 0; i < ARRAY_LEN(locales); i++) {
        cleanup_buf struct buf got = BUF_INIT(OUT_MAX);

        assert_non_null(setlocale(LC_ALL, locales[i]));
        assert_int_equal(write_one(&e, "", &got, &err), 0);
        assert_int_equal(got.n, want.n);
        assert_memory_equal(got.p, want.p, want.n);
    }
    setlocale(LC_ALL, "C");
}

static void
long_names_get_an_extended_header(void **state)
{
    char name[301];
    const struct tar_entry e = {.path = name, .type = TAR_FILE, .mode = 0644};
    cleanup_buf struct buf out = BUF_INIT(OUT_MAX);
    struct err err = ERR_INIT;

    (void)state;
    memset(name, 'n', 300);
    name[300] = '\0';
    assert_int_equal(write_one(&e, "", &out, &err), 0);
    assert_true(contains(&out, " path=nnn"));
}

static void
a_name_that_is_no_utf8_is_an_error(void **state)
{
    const struct tar_entry e = {.path = "bad\xff", .type = TAR_FILE, .mode = 0644};
    cleanup_buf struct buf out = BUF_INIT(OUT_MAX);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(write_one(&e, "", &out, &err), -1);
}

static void
links_and_folders_have_no_content(void **state)
{
    static const struct tar_entry cases[] = {
        {.path = "d", .type = TAR_FOLDER, .mode = 0755},
        {.path = "s", .type = TAR_SYMLINK, .mode = 0777, .target = "../x"},
        {.path = "h", .type = TAR_HARDLINK, .mode = 0644, .target = "d/x"},
    };
    static const char kinds[] = "521";

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_buf struct buf out = BUF_INIT(OUT_MAX);
        struct err err = ERR_INIT;

        assert_int_equal(write_one(&cases[i], "", &out, &err), 0);
        assert_int_equal(out.n, 3 * BLOCK);
        assert_int_equal(out.p[156], kinds[i]);
        if (cases[i].target != NULL)
            assert_string_equal(out.p + 157, cases[i].target);
    }
}

static void
content_must_have_the_announced_length(void **state)
{
    const struct tar_entry e = {.path = "f", .type = TAR_FILE, .mode = 0644, .size = 3};
    cleanup_buf struct buf out = BUF_INIT(OUT_MAX);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(write_one(&e, "ab", &out, &err), -1);
    assert_int_equal(write_one(&e, "abcd", &out, &err), -1);
    assert_int_equal(err.code, ERR_INTERNAL);
}

static void
a_failing_sink_keeps_its_own_error(void **state)
{
    const struct tar_entry e = {.path = "f", .type = TAR_FILE, .mode = 0644, .size = 3};
    cleanup_buf struct buf out = BUF_INIT(100);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(write_one(&e, "abc", &out, &err), -1);
    assert_int_equal(err.code, ERR_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_entry_is_one_header_its_content_and_the_end),
        cmocka_unit_test(names_are_written_as_utf8_whatever_the_locale),
        cmocka_unit_test(long_names_get_an_extended_header),
        cmocka_unit_test(a_name_that_is_no_utf8_is_an_error),
        cmocka_unit_test(links_and_folders_have_no_content),
        cmocka_unit_test(content_must_have_the_announced_length),
        cmocka_unit_test(a_failing_sink_keeps_its_own_error),
    };
    return cmocka_run_group_tests_name("images/tar", tests, NULL, NULL);
}
