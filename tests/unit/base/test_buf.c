/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"

static void
appending_keeps_a_nul_behind_the_content(void **state UNUSED)
{
    cleanup_buf struct buf b = BUF_INIT(1000);
    struct err err = ERR_INIT;

    assert_string_equal(buf_cstr(&b), "");
    buf_append_str(&b, "a");
    buf_append(&b, "bc", 2);
    buf_append_char(&b, 'd');
    buf_append_view(&b, STR_LIT("ef"));
    buf_appendf(&b, "%d", 42);
    buf_append(&b, NULL, 0);
    assert_int_equal(buf_finish(&b, &err), 0);
    assert_string_equal(buf_cstr(&b), "abcdef42");
    assert_int_equal(b.n, 8);
    assert_true(str_eq(buf_view(&b), "abcdef42"));
}

static void
it_grows_to_its_limit_and_not_beyond(void **state UNUSED)
{
    cleanup_buf struct buf b = BUF_INIT(100);
    struct err err = ERR_INIT;

    for (int i = 0; i < 100; i++)
        buf_append_char(&b, 'x');
    assert_int_equal(buf_finish(&b, &err), 0);
    buf_append_char(&b, 'y');
    assert_int_equal(buf_finish(&b, &err), -1);
    assert_int_equal(err.code, ERR_LIMIT);
    assert_string_equal(err.msg, "larger than 100 bytes");
    assert_int_equal(b.n, 100);
}

static void
an_overflow_sticks_until_it_is_cleared(void **state UNUSED)
{
    cleanup_buf struct buf b = BUF_INIT(8);
    struct err err = ERR_INIT;

    buf_append_str(&b, "123456789");
    buf_append_str(&b, "1");
    assert_int_equal(b.n, 0);
    assert_int_equal(buf_finish(&b, &err), -1);
    buf_appendf(&b, "%s", "2");
    assert_int_equal(buf_finish(&b, &err), -1);
    buf_clear(&b);
    buf_appendf(&b, "%s", "12345678");
    assert_int_equal(buf_finish(&b, &err), 0);
    buf_clear(&b);
    buf_appendf(&b, "%s", "123456789");
    assert_int_equal(buf_finish(&b, &err), -1);
}

static void
a_size_that_would_wrap_around_does_not_fit(void **state UNUSED)
{
    cleanup_buf struct buf b = BUF_INIT(100);

    buf_append_str(&b, "abc");
    assert_null(buf_room(&b, SIZE_MAX));
    assert_null(buf_room(&b, SIZE_MAX - 2));
    assert_true(b.overflow);
    assert_string_equal(buf_cstr(&b), "abc");
}

static void
consuming_drops_the_front(void **state UNUSED)
{
    cleanup_buf struct buf b = BUF_INIT(100);

    buf_consume(&b, 0);
    buf_append_str(&b, "abcdef");
    buf_consume(&b, 2);
    assert_string_equal(buf_cstr(&b), "cdef");
    buf_consume(&b, 4);
    assert_string_equal(buf_cstr(&b), "");
    assert_int_equal(b.n, 0);
}

static void
room_is_written_to_and_then_added(void **state UNUSED)
{
    cleanup_buf struct buf b = BUF_INIT(100);
    char *room = buf_room(&b, 3);

    memcpy(room, "xyz", 3);
    buf_added(&b, 3);
    assert_string_equal(buf_cstr(&b), "xyz");
}

static void
taking_hands_the_string_over(void **state UNUSED)
{
    cleanup_buf struct buf b = BUF_INIT(100);
    cleanup_free char *first = NULL;
    cleanup_free char *second = NULL;

    buf_append_str(&b, "mine");
    first = buf_take(&b);
    second = buf_take(&b);
    assert_string_equal(first, "mine");
    assert_string_equal(second, "");
    assert_int_equal(b.n, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appending_keeps_a_nul_behind_the_content),
        cmocka_unit_test(it_grows_to_its_limit_and_not_beyond),
        cmocka_unit_test(an_overflow_sticks_until_it_is_cleared),
        cmocka_unit_test(a_size_that_would_wrap_around_does_not_fit),
        cmocka_unit_test(consuming_drops_the_front),
        cmocka_unit_test(room_is_written_to_and_then_added),
        cmocka_unit_test(taking_hands_the_string_over),
    };

    return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
