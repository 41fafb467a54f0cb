/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/throttle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Which file counts is in tests/cases/cpu. */

static void
texts_of_both_versions_are_read(void **state)
{
    struct cpu_throttle t;

    (void)state;
    assert_true(cpu_throttle_parse(
        STR_LIT("nr_periods 3\nnr_throttled 2\nthrottled_time 1999\nnr_bursts 0\n"), &t));
    assert_true(t.periods == 3 && t.throttled == 2 && t.throttled_us == 1);
    assert_true(cpu_throttle_parse(
        STR_LIT("usage_usec 5\nnr_periods 30\nnr_throttled 20\nthrottled_usec 10"), &t));
    assert_true(t.periods == 30 && t.throttled == 20 && t.throttled_us == 10);
}

static void
others_are_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "nr_periods 3\n",
        "nr_periods 3\nnr_throttled 2\n",
        "nr_throttled 2\nthrottled_usec 1\n",
        "nr_periods 3\nnr_throttled 2\nthrottled_usec 1\nthrottled_time 1\n",
        "nr_periods 3\nnr_throttled -2\nthrottled_usec 1\n",
        "nr_periods 3\nnr_throttled two\nthrottled_usec 1\n",
        "nr_periods  3\nnr_throttled 2\nthrottled_usec 1\n",
        "nr_periods 99999999999999999999\nnr_throttled 2\nthrottled_usec 1\n",
        "nr_periods\nnr_throttled\nthrottled_usec\n",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct cpu_throttle t = {1, 1, 1};

        assert_false(cpu_throttle_parse(str_from(cases[i]), &t));
        assert_int_equal(t.periods, 1);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_both_versions_are_read),
        cmocka_unit_test(others_are_refused),
    };
    return cmocka_run_group_tests_name("cpu/throttle", tests, NULL, NULL);
}
