/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"

static void
dates_are_those_of_the_calendar(void **state UNUSED)
{
    static const struct {
        int64_t unix_seconds;
        struct clock_date want;
    } cases[] = {
        {0, {1970, 1, 1, 0, 0, 0, 4}},
        {-1, {1969, 12, 31, 23, 59, 59, 3}},
        {-86400, {1969, 12, 31, 0, 0, 0, 3}},
        {951782400, {2000, 2, 29, 0, 0, 0, 2}},
        {951868800, {2000, 3, 1, 0, 0, 0, 3}},
        {4107542399, {2100, 2, 28, 23, 59, 59, 0}},
        {4107542400, {2100, 3, 1, 0, 0, 0, 1}}, /* 2100 is no leap year */
        {1709164800, {2024, 2, 29, 0, 0, 0, 4}},
        {1795458720, {2026, 11, 23, 18, 32, 0, 1}},
        {253402300799, {9999, 12, 31, 23, 59, 59, 5}},
        {-62167219200, {0, 1, 1, 0, 0, 0, 6}},
        {-2208988800, {1900, 1, 1, 0, 0, 0, 1}},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct clock_date got = clock_date_utc(cases[i].unix_seconds);
        const struct clock_date *want = &cases[i].want;

        assert_int_equal(got.year, want->year);
        assert_int_equal(got.month, want->month);
        assert_int_equal(got.day, want->day);
        assert_int_equal(got.hour, want->hour);
        assert_int_equal(got.minute, want->minute);
        assert_int_equal(got.second, want->second);
        assert_int_equal(got.weekday, want->weekday);
    }
}

static void
each_day_of_two_eras_follows_the_one_before(void **state UNUSED)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct clock_date last = clock_date_utc(-62167219200);

    for (int64_t day = 1; day < 2 * 146097; day++) {
        struct clock_date d = clock_date_utc(-62167219200 + day * 86400);
        bool leap = (last.year % 4 == 0 && last.year % 100 != 0) || last.year % 400 == 0;
        int length = lengths[last.month - 1] + (last.month == 2 && leap ? 1 : 0);
        bool wraps = last.day == length;

        assert_int_equal(d.day, wraps ? 1 : last.day + 1);
        assert_int_equal(d.month, wraps ? last.month % 12 + 1 : last.month);
        assert_int_equal(d.year, wraps && last.month == 12 ? last.year + 1 : last.year);
        assert_int_equal(d.weekday, (last.weekday + 1) % 7);
        last = d;
    }
}

static void
formats_are_those_of_their_standards(void **state UNUSED)
{
    char out[32];

    clock_format_rfc3339(1795458720, out);
    assert_string_equal(out, "2026-11-23T18:32:00Z");
    clock_format_compact(1795458720, out);
    assert_string_equal(out, "20261123T183200Z");
    clock_format_http(784111777, out);
    assert_string_equal(out, "Sun, 06 Nov 1994 08:49:37 GMT"); /* RFC 9110's own example */
}

static void
times_beyond_four_digits_stay_at_the_border(void **state UNUSED)
{
    char out[32];

    clock_format_rfc3339(INT64_MAX, out);
    assert_string_equal(out, "9999-12-31T23:59:59Z");
    clock_format_rfc3339(INT64_MIN, out);
    assert_string_equal(out, "0000-01-01T00:00:00Z");
}

static int64_t
seven(void *ctx)
{
    return *(int64_t *)ctx;
}

static void
a_test_can_hold_the_clock_still(void **state UNUSED)
{
    int64_t held = 7000000;
    struct clock c = {seven, seven, &held};

    assert_int_equal(clock_unix(&c), 7000000);
    assert_int_equal(clock_monotonic_ms(&c), 7);
}

static void
the_system_clock_moves_forward(void **state UNUSED)
{
    int64_t before = clock_monotonic_ms(clock_system());

    assert_true(clock_unix(clock_system()) > 1700000000);
    assert_true(clock_monotonic_ms(clock_system()) >= before);
}

static void
source_date_epoch_is_a_number_or_refused(void **state UNUSED)
{
    static const char *const bad[] = {"x",  "-1",           "1.5",
                                      " 1", "253402300800", "99999999999999999999"};
    struct err err = ERR_INIT;
    int64_t got = 77;

    unsetenv("SOURCE_DATE_EPOCH");
    assert_int_equal(clock_source_date_epoch(&got, &err), 0);
    assert_int_equal(got, 0);
    setenv("SOURCE_DATE_EPOCH", "", 1);
    assert_int_equal(clock_source_date_epoch(&got, &err), 0);
    assert_int_equal(got, 0);
    setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
    assert_int_equal(clock_source_date_epoch(&got, &err), 0);
    assert_int_equal(got, 1700000000);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        setenv("SOURCE_DATE_EPOCH", bad[i], 1);
        assert_int_equal(clock_source_date_epoch(&got, &err), -1);
        assert_int_equal(err.code, ERR_USAGE);
    }
    unsetenv("SOURCE_DATE_EPOCH");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_those_of_the_calendar),
        cmocka_unit_test(each_day_of_two_eras_follows_the_one_before),
        cmocka_unit_test(formats_are_those_of_their_standards),
        cmocka_unit_test(times_beyond_four_digits_stay_at_the_border),
        cmocka_unit_test(a_test_can_hold_the_clock_still),
        cmocka_unit_test(the_system_clock_moves_forward),
        cmocka_unit_test(source_date_epoch_is_a_number_or_refused),
    };

    return cmocka_run_group_tests_name("base/clock", tests, NULL, NULL);
}
