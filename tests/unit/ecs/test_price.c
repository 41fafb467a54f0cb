/* SPDX-License-Identifier: Apache-2.0 */
#include "ecs/price.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

static void
an_hour_costs_what_was_computed_by_hand(void **state)
{
    static const struct {
        enum price_platform platform;
        struct size size;
        int64_t nano;
    } cases[] = {
        {PRICE_LINUX_X86_64, {256, 512}, 12342500},
        {PRICE_LINUX_ARM64, {256, 512}, 9875000},
        {PRICE_LINUX_X86_64, {1024, 2048}, 49370000},
        {PRICE_LINUX_ARM64, {1024, 2048}, 39500000},
        {PRICE_LINUX_X86_64, {4096, 8192}, 197480000},
        {PRICE_LINUX_X86_64, {16384, 32768}, 789920000},
        {PRICE_WINDOWS, {1024, 2048}, 157580000},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(price_hour_nano(price_table(), cases[i].platform, cases[i].size),
                         cases[i].nano);
}

/* The claim of price.c: every size is a whole number of billionths of a dollar. */
static void
no_fraction_is_lost(void **state)
{
    (void)state;
    for (struct size s = {0, 0}; size_next(SIZE_LINUX, &s);) {
        for (int p = PRICE_LINUX_X86_64; p <= PRICE_WINDOWS; p++) {
            const struct price_rate *rate = &price_table()->rates[p];

            assert_int_equal(s.cpu_units * rate->vcpu_hour_nano % SIZE_UNITS_PER_VCPU, 0);
            assert_int_equal(s.memory_mib * rate->gb_hour_nano % SIZE_MIB_PER_GB, 0);
        }
    }
}

static void
prices_have_a_region_a_date_and_a_source(void **state)
{
    (void)state;
    assert_string_equal(price_table()->region, "us-east-1");
    assert_int_equal(strlen(price_table()->date), strlen("YYYY-MM"));
    assert_true(strlen(price_table()->source) > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_hour_costs_what_was_computed_by_hand),
        cmocka_unit_test(no_fraction_is_lost),
        cmocka_unit_test(prices_have_a_region_a_date_and_a_source),
    };

    return cmocka_run_group_tests_name("ecs/price", tests, NULL, NULL);
}
