/* SPDX-License-Identifier: Apache-2.0 */
#include "server/proc_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/mem.h"

static void
private_pages_and_swap_are_summed(void **state)
{
    static const char text[] = "00400000-7fff rollup                             [rollup]\n"
                               "Rss:                1234 kB\n"
                               "Pss:                 100 kB\n"
                               "Private_Clean:         4 kB\n"
                               "Private_Dirty:        40 kB\n"
                               "Private_Hugetlb:    2048 kB\n"
                               "Swap:                  8 kB\n"
                               "SwapPss:               8 kB\n";
    uint64_t bytes = 0;

    (void)state;
    assert_true(proc_memory_of_rollup(str_from(text), &bytes));
    assert_int_equal(bytes, 52 * 1024);
}

static void
other_texts_are_no_rollup(void **state)
{
    static const char *const texts[] = {
        "",
        "\n",
        "Private_Dirty:",
        "Private_Dirty: x kB\n",
        "Private_Dirty: 40 MB\n",
        "Private_Dirty: 99999999999999999999 kB\n",
        "private_dirty: 4 kB\n",
        "Rss: 4 kB\n",
    };
    uint64_t bytes = 7;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_false(proc_memory_of_rollup(str_from(texts[i]), &bytes));
    assert_int_equal(bytes, 7);
}

static void
what_is_resident_and_not_shared_is_private(void **state)
{
    uint64_t bytes = 0;

    (void)state;
    assert_true(proc_memory_of_statm(STR_LIT("572 98 81 160 0 48 0\n"), 4096, &bytes));
    assert_int_equal(bytes, 17 * 4096);
    assert_true(proc_memory_of_statm(STR_LIT("1 2 2"), 65536, &bytes));
    assert_int_equal(bytes, 0);
}

static void
other_texts_are_no_statm(void **state)
{
    static const char *const texts[] = {"",        "1 2",    "1 2 x",
                                        "1 2 3 4", "-1 2 1", "1 99999999999999999999 1"};
    uint64_t bytes;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_false(proc_memory_of_statm(str_from(texts[i]), 4096, &bytes));
}

static void
this_process_grows_by_what_it_writes_to(void **state)
{
    enum { MORE = 8 << 20 };
    uint64_t before = proc_memory_private(getpid());
    cleanup_free char *more = mem_alloc(MORE);

    (void)state;
    memset(more, 1, MORE);
    assert_int_equal(more[MORE / 2], 1);
    assert_true(before > 0);
    assert_true(proc_memory_private(getpid()) > before + MORE / 2);
    assert_int_equal(proc_memory_private(0), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(private_pages_and_swap_are_summed),
        cmocka_unit_test(other_texts_are_no_rollup),
        cmocka_unit_test(what_is_resident_and_not_shared_is_private),
        cmocka_unit_test(other_texts_are_no_statm),
        cmocka_unit_test(this_process_grows_by_what_it_writes_to),
    };

    return cmocka_run_group_tests_name("server/proc_memory", tests, NULL, NULL);
}
