/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/skew.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

static void
dates_of_answers_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t want; /* -1: refused */
    } dates[] = {
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Sun, 30 Aug 2015 12:36:00 GMT", 1440938160},
        {"Thu, 29 Feb 2024 23:59:59 GMT", 1709251199},
        {"", -1},
        {"Sun, 30 Aug 2015 12:36:00 UTC", -1},
        {"Sun, 30 Aug 2015 12:36:00", -1},
        {"Sun, 30 Abc 2015 12:36:00 GMT", -1},
        {"Sun, 00 Aug 2015 12:36:00 GMT", -1},
        {"Sun, 30 Aug 2015 24:36:00 GMT", -1},
        {"Sun, 30 Aug 2015 1x:36:00 GMT", -1},
        {"Sun, 30 Aug 1969 12:36:00 GMT", -1},
        {"Sunday, 30-Aug-15 12:36:00 GMT", -1},
        {"Sun, 30 ugS 2015 12:36:00 GMT", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        int64_t got = -1;

        skew_parse_date(str_from(dates[i].text), &got);
        if (got != dates[i].want)
            fail_msg("'%s' gave %lld", dates[i].text, (long long)got);
    }
}

static void
dates_read_back_what_the_clock_writes(void **state)
{
    char text[32];
    int64_t got;

    (void)state;
    for (int64_t t = 0; t < INT64_C(16725225600); t += 1000003 * 7) {
        clock_format_http(t, text);
        assert_true(skew_parse_date(str_from(text), &got));
        assert_true(got == t);
    }
}

static void
only_more_than_four_minutes_count(void **state)
{
    const struct str date = STR_LIT("Sun, 30 Aug 2015 12:36:00 GMT");
    int64_t offset = 0;

    (void)state;
    assert_false(skew_measure(date, 1440938160 + 240, &offset));
    assert_false(skew_measure(date, 1440938160 - 240, &offset));
    assert_true(skew_measure(date, 1440938160 + 241, &offset));
    assert_int_equal(offset, -241);
    assert_true(skew_measure(date, 1440938160 - 7200, &offset));
    assert_int_equal(offset, 7200);
    assert_false(skew_measure((struct str){NULL, 0}, 0, &offset));
    assert_true(skew_is_suspect("InvalidSignatureException"));
    assert_false(skew_is_suspect("ClientException"));
    assert_false(skew_is_suspect(""));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_of_answers_are_read),
        cmocka_unit_test(dates_read_back_what_the_clock_writes),
        cmocka_unit_test(only_more_than_four_minutes_count),
    };

    return cmocka_run_group_tests_name("aws/skew", tests, NULL, NULL);
}
