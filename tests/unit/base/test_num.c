/* SPDX-License-Identifier: Apache-2.0 */
#include "base/num.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"

static void
whole_numbers_are_digits_in_range(void **state UNUSED)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool ok;
        uint64_t want;
    } cases[] = {
        {"0", 0, true, 0},
        {"00042", 100, true, 42},
        {"100", 100, true, 100},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"101", 100, false, 0},
        {"9", 5, false, 0},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"99999999999999999999999", UINT64_MAX, false, 0},
        {"", 9, false, 0},
        {"+1", 9, false, 0},
        {"-1", 9, false, 0},
        {" 1", 9, false, 0},
        {"1 ", 9, false, 0},
        {"0x1", 99, false, 0},
        {"1e1", 99, false, 0},
        {"\xd9\xa1", 9, false, 0}, /* an Arabic digit */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t got = 77;

        assert_int_equal(num_parse_u64(str_from(cases[i].text), cases[i].max, &got), cases[i].ok);
        assert_true(got == (cases[i].ok ? cases[i].want : 77));
    }
}

static void
signed_numbers_take_one_minus(void **state UNUSED)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t want;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"-5", true, -5},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"--5", false, 0},
        {"-", false, 0},
        {"", false, 0},
        {"+5", false, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got = 77;

        assert_int_equal(num_parse_i64(str_from(cases[i].text), INT64_MIN, INT64_MAX, &got),
                         cases[i].ok);
        assert_true(got == (cases[i].ok ? cases[i].want : 77));
    }
}

static void
signed_bounds_are_kept(void **state UNUSED)
{
    int64_t got = 0;

    assert_false(num_parse_i64(STR_LIT("-6"), -5, 5, &got));
    assert_false(num_parse_i64(STR_LIT("6"), -5, 5, &got));
    assert_true(num_parse_i64(STR_LIT("-5"), -5, 5, &got));
    assert_int_equal(got, -5);
}

static void
octal_numbers_have_no_eight(void **state UNUSED)
{
    uint64_t got = 0;

    assert_true(num_parse_octal(STR_LIT("0755"), 07777, &got));
    assert_int_equal(got, 0755);
    assert_false(num_parse_octal(STR_LIT("0758"), 07777, &got));
    assert_false(num_parse_octal(STR_LIT("10000"), 07777, &got));
}

static void
decimals_have_at_most_one_point_and_no_exponent(void **state UNUSED)
{
    static const struct {
        const char *text;
        bool ok;
        double want;
    } cases[] = {
        {"2", true, 2},
        {"0.25", true, 0.25},
        {".25", true, 0.25},
        {"1.", true, 1},
        {"0", true, 0},
        {"0.1", true, 0.1},
        {"16.5", true, 16.5},
        {".", false, 0},
        {"", false, 0},
        {"1.2.3", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {"1e3", false, 0},
        {"inf", false, 0},
        {"nan", false, 0},
        {"0x10", false, 0},
        {"1,5", false, 0},
        {"1 ", false, 0},
        {"1234567890123456789", false, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        double got = 77;

        assert_int_equal(num_parse_decimal(str_from(cases[i].text), &got), cases[i].ok);
        assert_true(got == (cases[i].ok ? cases[i].want : 77));
    }
}

static void
decimals_are_written_as_short_as_they_read_back(void **state UNUSED)
{
    static const struct {
        double v;
        const char *want;
    } cases[] = {
        {0, "0"},
        {2, "2"},
        {0.25, "0.25"},
        {1.5, "1.5"},
        {0.1, "0.1"},
        {-0.5, "-0.5"},
        {1.0 / 3, "0.333333333"},
        {123456.789, "123456.789"},
        {1e15, "1e+15"},
        {1e300, "1e+300"},
        {999999999999999.0, "999999999999999"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char got[32];

        num_format_decimal(cases[i].v, got);
        assert_string_equal(got, cases[i].want);
    }
}

static void
what_is_no_number_is_still_written_within_its_room(void **state UNUSED)
{
    char got[32];

    num_format_decimal((double)NAN, got);
    assert_non_null(strstr(got, "nan"));
    num_format_decimal((double)INFINITY, got);
    assert_string_equal(got, "inf");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_are_digits_in_range),
        cmocka_unit_test(signed_numbers_take_one_minus),
        cmocka_unit_test(signed_bounds_are_kept),
        cmocka_unit_test(octal_numbers_have_no_eight),
        cmocka_unit_test(decimals_have_at_most_one_point_and_no_exponent),
        cmocka_unit_test(decimals_are_written_as_short_as_they_read_back),
        cmocka_unit_test(what_is_no_number_is_still_written_within_its_room),
    };

    return cmocka_run_group_tests_name("base/num", tests, NULL, NULL);
}
