/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/cpus.h"

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
        assert_int_equal(cpus_count(kernel_get), table[i].count);
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
    assert_int_equal(cpus_count(kernel_get), 0);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(calls, 11);
}

static void
another_failure_is_final_and_keeps_its_errno(void **state)
{
    (void)state;
    kernel_errno = EPERM;
    calls = 0;
    assert_int_equal(cpus_count(kernel_get), 0);
    assert_int_equal(errno, EPERM);
    assert_int_equal(calls, 1);
}

static void
an_empty_set_is_no_answer(void **state)
{
    (void)state;
    kernel_errno = 0;
    kernel_cpus = 0;
    assert_int_equal(cpus_count(kernel_get), 0);
}

static void
the_real_kernel_answers(void **state)
{
    (void)state;
    assert_in_range(cpus_count(sched_getaffinity), 1, (unsigned long)sysconf(_SC_NPROCESSORS_CONF));
}

static void
this_process_may_use_a_cpu(void **state)
{
    (void)state;
    assert_int_equal(cpus_usable(), cpus_count(sched_getaffinity));
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
        cmocka_unit_test(this_process_may_use_a_cpu),
    };
    return cmocka_run_group_tests_name("base/cpus", tests, NULL, NULL);
}
