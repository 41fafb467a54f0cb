/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/err.h"
#include "cpu/policy.h"

static struct policy
parsed(const char *text)
{
    struct policy p = {POLICY_N, 0};
    struct err err = ERR_INIT;

    if (policy_parse(text, &p, &err) < 0)
        fail_msg("%s", err.msg);
    return p;
}

static unsigned
workers(const char *policy, double cpus)
{
    struct policy p = parsed(policy);

    return policy_workers(&p, cpus, NULL, NULL);
}

static void
two_n_plus_one_gives_what_the_fargate_sizes_are_known_for(void **state)
{
    const struct {
        unsigned units, workers;
    } table[] = {{256, 1},  {512, 2},   {1024, 3},   {2048, 5},
                 {4096, 9}, {8192, 17}, {16384, 33}, {32768, 65}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        assert_int_equal(workers("2n+1", table[i].units / 1024.0), table[i].workers);
}

static void
every_policy_rounds_as_its_table_says(void **state)
{
    const struct {
        const char *policy;
        double cpus;
        unsigned workers;
    } table[] = {
        {"2n+1", 0.75, 2},
        {"2n+1", 0.1, 1},
        {"2n+1", 1.49, 3},
        {"2n+1", 1.5, 4},
        {"n", 0.25, 1},
        {"n", 1, 1},
        {"n", 1.01, 2},
        {"n", 1.5, 2},
        {"n", 2, 2},
        {"n+1", 0.25, 2},
        {"n+1", 1, 2},
        {"n+1", 1.5, 3},
        {"n+1", 4, 5},
        {"2", 0.25, 1},
        {"2", 1.5, 3},
        {"1.5", 1, 2},
        {"1.5", 2, 3},
        {"0.5", 1, 1},
        {"0.5", 0.25, 1},
        {"0.5", 4, 2},
        {"1.4", 1, 1},
        {"4", 0.25, 1},
        {"4", 0.5, 2},
        {"measured:20ms/3ms", 1, 8},
        {"measured:20/3", 0.25, 3},
        {"measured:1/1", 1, 2},
        {"measured:1/1", 0.25, 2},
        {"measured:5.5ms/0.5ms", 1, 12},
        {"measured:30ms/10ms", 1, 4},
        {"measured:3ms/1ms", 2, 7},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        unsigned got = workers(table[i].policy, table[i].cpus);

        if (got != table[i].workers)
            fail_msg("%s of %g: %u instead of %u", table[i].policy, table[i].cpus, got,
                     table[i].workers);
    }
}

static void
noise_in_the_last_digits_does_not_make_or_take_a_worker(void **state)
{
    (void)state;
    assert_int_equal(workers("n", 1.0000001), 1);
    assert_int_equal(workers("n", 2.0000000000000004), 2);
    assert_int_equal(workers("n+1", 1.0000001), 2);
    assert_int_equal(workers("2n+1", 0.4999999999), 2);
    assert_int_equal(workers("2n+1", 0.9999999999), 3);
    assert_int_equal(workers("1.5", 0.9999999999), 2);
    assert_int_equal(workers("0.1", 14.9999999999), 2);
    /* The smallest step that a quota can make does count. */
    assert_int_equal(workers("n", 1.000001), 2);
}

static void
absurd_cpu_counts_stay_within_bounds(void **state)
{
    const char *const policies[] = {"2n+1", "n", "n+1", "3", "measured:20/3"};
    const double absurd[] = {0, -1, -1e300, 1e-300, 1e300, NAN, INFINITY, -INFINITY};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        for (size_t j = 0; j < ARRAY_LEN(absurd); j++)
            assert_in_range(workers(policies[i], absurd[j]), 1, 65535);
        assert_int_equal(workers(policies[i], INFINITY), 65535);
    }
}

static void
memory_caps_the_workers_and_says_so(void **state)
{
    const uint64_t mib = 1024 * 1024;
    const struct {
        struct policy_memory memory;
        unsigned workers;
        bool capped;
    } table[] = {
        {{512 * mib, 64 * mib, 100 * mib}, 4, true},
        {{512 * mib, 64 * mib, 10 * mib}, 9, false},
        {{512 * mib, 0, 56 * mib}, 9, false},
        {{512 * mib, 512 * mib, 10 * mib}, 1, true},
        {{512 * mib, 600 * mib, 10 * mib}, 1, true},
        {{1, 0, UINT64_MAX}, 1, true},
        {{0, 64 * mib, 10 * mib}, 9, false},
        {{512 * mib, 64 * mib, 0}, 9, false},
        {{UINT64_MAX, 0, 1}, 9, false},
    };
    struct policy p = parsed("2n+1");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        bool capped = !table[i].capped;

        assert_int_equal(policy_workers(&p, 4, &table[i].memory, &capped), table[i].workers);
        assert_int_equal(capped, table[i].capped);
    }
}

static void
one_worker_is_not_called_capped(void **state)
{
    const struct policy_memory tiny = {1024, 0, 4096};
    struct policy p = parsed("2n+1");
    bool capped = true;

    (void)state;
    assert_int_equal(policy_workers(&p, 0.25, &tiny, &capped), 1);
    assert_false(capped);
}

static void
spellings_of_a_policy_are_read(void **state)
{
    const struct {
        const char *text, *canonical;
    } table[] = {
        {"2n+1", "2n+1"},
        {"2N+1", "2n+1"},
        {" n ", "n"},
        {"n+1", "n+1"},
        {"2", "2"},
        {"1.50", "1.5"},
        {".5", "0.5"},
        {"1.", "1"},
        {"measured:20/4", "measured:5/1"},
        {"measured:20ms/4ms", "measured:5/1"},
        {"measured:1s/250ms", "measured:4/1"},
        {"measured:2500us/1ms", "measured:2.5/1"},
        {"measured:5/1", "measured:5/1"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct policy p = parsed(table[i].text);
        char text[48];

        policy_format(&p, text);
        assert_string_equal(text, table[i].canonical);
    }
}

static void
what_is_no_policy_is_refused_with_the_list(void **state)
{
    const char *const bad[] = {
        "",
        "2n",
        "n+2",
        "3n+1",
        "2n + 1",
        "-1",
        "0",
        "0.0",
        "1e3",
        "nan",
        "inf",
        "1000001",
        "two",
        "1,5",
        "measured",
        "measured:",
        "measured:1",
        "measured:/",
        "measured:1/",
        "measured:/1",
        "measured:1/0",
        "measured:0/1",
        "measured:20ms/3",
        "measured:20/3ms",
        "measured:ms/ms",
        "measured:1/2/3",
        "measured:-1/2",
        "measured:1h/2h",
        "measured:1000000000/0.0000001",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct policy p = {POLICY_N, 7};
        struct err err = ERR_INIT;

        if (policy_parse(bad[i], &p, &err) == 0)
            fail_msg("'%s' was taken", bad[i]);
        assert_int_equal(err.code, ERR_USAGE);
        assert_non_null(strstr(err.msg, "measured:R/D"));
        assert_true(p.kind == POLICY_N && p.factor == 7);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_n_plus_one_gives_what_the_fargate_sizes_are_known_for),
        cmocka_unit_test(every_policy_rounds_as_its_table_says),
        cmocka_unit_test(noise_in_the_last_digits_does_not_make_or_take_a_worker),
        cmocka_unit_test(absurd_cpu_counts_stay_within_bounds),
        cmocka_unit_test(memory_caps_the_workers_and_says_so),
        cmocka_unit_test(one_worker_is_not_called_capped),
        cmocka_unit_test(spellings_of_a_policy_are_read),
        cmocka_unit_test(what_is_no_policy_is_refused_with_the_list),
    };
    return cmocka_run_group_tests_name("cpu/policy", tests, NULL, NULL);
}
