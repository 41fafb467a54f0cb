/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "cpu/affinity.h"
#include "cpu/ladder.h"

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

static int
refuse(pid_t pid, size_t size, cpu_set_t *set)
{
    (void)pid;
    (void)size;
    (void)set;
    errno = EPERM;
    return -1;
}

/* A sandbox that refuses the system call and hides /sys. */
static void
there_is_an_answer_even_where_the_kernel_gives_none(void **state)
{
    static const struct cpu_opts opts = {.root = {"/nonexistent"}};
    cleanup_cpu_limits struct cpu_limits limits = {0};
    struct ladder ladder = {&opts, &limits};

    (void)state;
    affinity_look(&ladder, refuse);
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
        cmocka_unit_test(lists_of_cpus_are_counted),
        cmocka_unit_test(there_is_an_answer_even_where_the_kernel_gives_none),
    };
    return cmocka_run_group_tests_name("cpu/affinity", tests, NULL, NULL);
}
