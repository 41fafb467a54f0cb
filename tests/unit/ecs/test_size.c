/* SPDX-License-Identifier: Apache-2.0 */
#include "ecs/size.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/buf.h"

enum { MEMORY_END = 300 * 1024 };

static size_t
count(enum size_os os)
{
    size_t n = 0;

    for (struct size s = {0, 0}; size_next(os, &s);)
        n++;
    return n;
}

static void
there_are_77_pairs_for_linux_and_43_for_windows(void **state)
{
    (void)state;
    assert_int_equal(count(SIZE_LINUX), 77);
    assert_int_equal(count(SIZE_WINDOWS), 43);
}

/* Every amount of memory with every CPU size and its neighbours: what is listed is what is valid.
 */
static void
exactly_what_is_listed_is_valid(void **state)
{
    static const uint32_t cpus[] = {0,     1,     255,   256,   257,   512,   768,
                                    1024,  2048,  3072,  4096,  6144,  8192,  9216,
                                    16384, 24576, 32767, 32768, 32769, 65536, UINT32_MAX};

    (void)state;
    for (int os = SIZE_LINUX; os <= SIZE_WINDOWS; os++) {
        struct size listed = {0, 0};
        size_t valid = 0;
        bool more = size_next(os, &listed);

        for (size_t c = 0; c < ARRAY_LEN(cpus); c++) {
            for (uint32_t memory = 0; memory < MEMORY_END; memory++) {
                struct size s = {cpus[c], memory};
                bool is_listed =
                    more && listed.cpu_units == s.cpu_units && listed.memory_mib == s.memory_mib;

                assert_int_equal(size_is_valid(os, s), is_listed);
                if (is_listed) {
                    more = size_next(os, &listed);
                    valid++;
                }
            }
        }
        assert_int_equal(valid, count(os));
    }
}

static void
listing_starts_anywhere(void **state)
{
    struct size s = {1024, 8191};

    (void)state;
    assert_true(size_next(SIZE_LINUX, &s));
    assert_int_equal(s.memory_mib, 8192);
    assert_true(size_next(SIZE_LINUX, &s));
    assert_int_equal(s.cpu_units, 2048);
    assert_int_equal(s.memory_mib, 4096);
    s = (struct size){32768, 249856};
    assert_false(size_next(SIZE_LINUX, &s));
    s = (struct size){4096, 30720};
    assert_false(size_next(SIZE_WINDOWS, &s));
    s = (struct size){UINT32_MAX, UINT32_MAX};
    assert_false(size_next(SIZE_LINUX, &s));
}

static void
the_smallest_memory_of_every_cpu_is_known(void **state)
{
    static const struct size want[] = {{256, 512},   {512, 1024},   {1024, 2048},   {2048, 4096},
                                       {4096, 8192}, {8192, 16384}, {16384, 32768}, {32768, 61440}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        assert_int_equal(size_smallest_memory(SIZE_LINUX, want[i].cpu_units), want[i].memory_mib);
    assert_int_equal(size_smallest_memory(SIZE_LINUX, 1000), 0);
    assert_int_equal(size_smallest_memory(SIZE_WINDOWS, 512), 0);
    assert_false(size_has_cpu(SIZE_WINDOWS, 8192));
    assert_true(size_has_cpu(SIZE_LINUX, 8192));
}

static void
a_refusal_names_the_nearest_sizes(void **state)
{
    static const struct {
        enum size_os os;
        struct size size;
        const char *want;
    } cases[] = {
        {SIZE_LINUX,
         {1024, 512},
         "Fargate has no size of 1024 CPU units with 512 MiB; with 1024 units the least is 2048 "
         "MiB "
         "(2 GB); 512 MiB goes with 256 units"},
        {SIZE_LINUX,
         {1024, 16384},
         "Fargate has no size of 1024 CPU units with 16384 MiB; with 1024 units the most is 8192 "
         "MiB (8 GB); 16384 MiB goes with 2048, 4096 and 8192 units"},
        {SIZE_LINUX,
         {8192, 16385},
         "Fargate has no size of 8192 CPU units with 16385 MiB; with 8192 units the nearest below "
         "is 16384 MiB (16 GB), above 20480 MiB (20 GB); no size has 16385 MiB"},
        {SIZE_LINUX,
         {16384, 61440},
         "Fargate has no size of 16384 CPU units with 61440 MiB; with 16384 units the nearest "
         "below "
         "is 57344 MiB (56 GB), above 65536 MiB (64 GB); 61440 MiB goes with 8192 and 32768 units"},
        {SIZE_LINUX,
         {1000, 0},
         "Fargate has no task size of 1000 CPU units (0.9765625 vCPU); the nearest below is 512 "
         "(0.5 vCPU), above 1024 (1 vCPU)"},
        {SIZE_LINUX,
         {40000, 61440},
         "Fargate has no task size of 40000 CPU units (39.0625 vCPU); the nearest below is 32768 "
         "(32 vCPU), which is the largest; 61440 MiB goes with 8192 and 32768 units"},
        {SIZE_WINDOWS,
         {256, 512},
         "Fargate has no Windows task size of 256 CPU units (0.25 vCPU); the smallest is 1024 (1 "
         "vCPU); no size has 512 MiB"},
        {SIZE_WINDOWS,
         {4096, 40960},
         "Fargate has no Windows size of 4096 CPU units with 40960 MiB; with 4096 units the most "
         "is "
         "30720 MiB (30 GB); no size has 40960 MiB"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_buf struct buf text = BUF_INIT(1024);

        size_explain(cases[i].os, cases[i].size, &text);
        assert_string_equal(buf_cstr(&text), cases[i].want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_are_77_pairs_for_linux_and_43_for_windows),
        cmocka_unit_test(exactly_what_is_listed_is_valid),
        cmocka_unit_test(listing_starts_anywhere),
        cmocka_unit_test(the_smallest_memory_of_every_cpu_is_known),
        cmocka_unit_test(a_refusal_names_the_nearest_sizes),
    };

    return cmocka_run_group_tests_name("ecs/size", tests, NULL, NULL);
}
