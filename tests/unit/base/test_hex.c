/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"

static void
bytes_become_two_lower_case_digits_each(void **state UNUSED)
{
    char out[9];

    hex_encode("\x00\x0f\xa0\xff", 4, out);
    assert_string_equal(out, "000fa0ff");
    hex_encode("", 0, out);
    assert_string_equal(out, "");
}

static void
only_lower_case_digits_of_the_right_length_are_hexadecimal(void **state UNUSED)
{
    assert_true(hex_is_lower(STR_LIT("00ff"), 4));
    assert_true(hex_is_lower((struct str){NULL, 0}, 0));
    assert_false(hex_is_lower(STR_LIT("00fF"), 4));
    assert_false(hex_is_lower(STR_LIT("00fg"), 4));
    assert_false(hex_is_lower(STR_LIT("00f"), 4));
    assert_false(hex_is_lower(STR_LIT("00ff0"), 4));
    assert_false(hex_is_lower(STR_LIT("00f\0"), 4));
    assert_false(hex_is_lower(STR_LIT("0/:`"), 4));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_become_two_lower_case_digits_each),
        cmocka_unit_test(only_lower_case_digits_of_the_right_length_are_hexadecimal),
    };

    return cmocka_run_group_tests_name("base/hex", tests, NULL, NULL);
}
