/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/buf.h"

static void
characters_of_every_length_are_valid(void **state UNUSED)
{
    static const char *const good[] = {
        "",
        "a",
        "\x7f",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "gr\xc3\xbc\xc3\x9f",
    };

    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(utf8_is_valid(str_from(good[i])));
    assert_true(utf8_is_valid(STR_LIT("a\0b")));
}

static void
broken_overlong_and_surrogate_forms_are_not(void **state UNUSED)
{
    static const char *const bad[] = {
        "\x80",             /* a continuation alone */
        "\xc3",             /* cut off */
        "\xe2\x82",         /* cut off */
        "\xf0\x9f\x98",     /* cut off */
        "\xc0\x80",         /* overlong NUL */
        "\xc1\xbf",         /* overlong */
        "\xe0\x9f\xbf",     /* overlong */
        "\xf0\x8f\xbf\xbf", /* overlong */
        "\xed\xa0\x80",     /* surrogate */
        "\xf4\x90\x80\x80", /* above U+10FFFF */
        "\xf5\x80\x80\x80",
        "\xff",
        "\xc3(",
        "\xe2\x28\xa1",
        "\xf0\x9f(\x80",
    };

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(utf8_is_valid(str_from(bad[i])));
}

static void
repairing_replaces_each_stray_byte(void **state UNUSED)
{
    cleanup_buf struct buf out = BUF_INIT(100);

    utf8_repair(STR_LIT("a\xff"
                        "b\xc3\xbc\xc3"),
                &out);
    assert_string_equal(buf_cstr(&out), "a\xef\xbf\xbd"
                                        "b\xc3\xbc\xef\xbf\xbd");
    assert_true(utf8_is_valid(buf_view(&out)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_of_every_length_are_valid),
        cmocka_unit_test(broken_overlong_and_surrogate_forms_are_not),
        cmocka_unit_test(repairing_replaces_each_stray_byte),
    };

    return cmocka_run_group_tests_name("base/utf8", tests, NULL, NULL);
}
