/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "base/attr.h"
#include "cpu/affinity.h"
#include "cpu/ladder.h"

/* A kernel built for so many CPUs, of which every second one is ours. */
static size_t kernel_cpus;
static int kernel_errno;
static unsigned calls;

static int
kernel_get(pid_t pid, size_t size, cpu_set_t *set)
{
    calls++;
    assert_int_equal(pid, 0);
    if (kernel_errno != 0 || size * 8 < kernel_cpus) {
        errno = kernel_errno != 0 ? kernel_errno : EINVAL;
        return -1;
    }
    for (size_t i = 0; i < kernel_cpus; i += 2)
        CPU_SET_S(i, size, set);
    return 0;
}

static void
the_set_grows_until_it_holds_the_machine(void **state)
{
    const struct {
        size_t cpus;
        unsigned count, calls;
    } table[] = {{2, 1, 1}, {1024, 512, 1}, {1026, 513, 2}, {8192, 4096, 4}, {1048576, 524288, 11}};

    (void)state;
    kernel_errno = 0;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        kernel_cpus = table[i].cpus;
        calls = 0;
        assert_int_equal(affinity_count(kernel_get), table[i].count);
        assert_int_equal(calls, table[i].calls);
    }
}

static void
growing_ends_at_a_size_that_no_kernel_has(void **state)
{
    (void)state;
    kernel_errno = 0;
    kernel_cpus = 4 * 1048576;
    calls = 0;
    assert_int_equal(affinity_count(kernel_get), 0);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(calls, 11);
}

static void
another_failure_is_final_and_keeps_its_errno(void **state)
{
    (void)state;
    kernel_errno = EPERM;
    calls = 0;
    assert_int_equal(affinity_count(kernel_get), 0);
    assert_int_equal(errno, EPERM);
    assert_int_equal(calls, 1);
}

static void
an_empty_set_is_no_answer(void **state)
{
    (void)state;
    kernel_errno = 0;
    kernel_cpus = 0;
    assert_int_equal(affinity_count(kernel_get), 0);
}

static void
the_real_kernel_answers(void **state)
{
    (void)state;
    assert_in_range(affinity_count(sched_getaffinity), 1,
                    (unsigned long)sysconf(_SC_NPROCESSORS_CONF));
}

static void
lists_of_cpus_are_counted(void **state)
{
    const struct {
        const char *text;
        unsigned count; /* 0: refused */
    } table[] = {
        {"0", 1},       {"0-3", 4},
        {"0-3,8", 5},   {"0-3,8,10-11", 7},
        {"5", 1},       {"0-2047", 2048},
        {"7-7", 1},     {"", 0},
        {"-", 0},       {"0-", 0},
        {"-3", 0},      {"3-0", 0},
        {"0,", 0},      {",0", 0},
        {"0-3:1/2", 0}, {"a", 0},
        {"0 1", 0},     {"0-1048577", 0},
        {"0-1-2", 0},   {"0x3", 0},
        {"1-0,0", 0},   {"99999999999999999999", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        unsigned count = 0;
        bool taken = affinity_parse_list(str_from(table[i].text), &count);

        if (taken != (table[i].count > 0) || (taken && count != table[i].count))
            fail_msg("'%s' is %u", table[i].text, count);
    }
}

/* A sandbox that refuses the system call and hides /sys. */
static void
there_is_an_answer_even_where_the_kernel_gives_none(void **state)
{
    static const struct cpu_opts opts = {.root = {"/nonexistent"}};
    cleanup_cpu_limits struct cpu_limits limits = {0};
    struct ladder ladder = {&opts, &limits};

    (void)state;
    kernel_errno = EPERM;
    affinity_look(&ladder, kernel_get);
    ladder_decide(&limits);
    assert_true(limits.cpus >= 1);
    assert_int_equal(limits.cpus_source, CPU_SOURCE_ONLINE);
    assert_string_equal(limits.cpus_where, "sysconf(_SC_NPROCESSORS_ONLN)");
    assert_string_equal(limits.rungs[0].note, "Operation not permitted");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_set_grows_until_it_holds_the_machine),
        cmocka_unit_test(growing_ends_at_a_size_that_no_kernel_has),
        cmocka_unit_test(another_failure_is_final_and_keeps_its_errno),
        cmocka_unit_test(an_empty_set_is_no_answer),
        cmocka_unit_test(the_real_kernel_answers),
        cmocka_unit_test(lists_of_cpus_are_counted),
        cmocka_unit_test(there_is_an_answer_even_where_the_kernel_gives_none),
    };
    return cmocka_run_group_tests_name("cpu/affinity", tests, NULL, NULL);
}
