/* SPDX-License-Identifier: Apache-2.0 */
#include "ecs/size_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/err.h"

struct spelling {
    const char *text;
    uint32_t value; /* 0: refused */
};

typedef int (*parse_fn)(struct str text, enum size_text_dialect dialect, uint32_t *value,
                        struct err *err);

static void
check(parse_fn parse, enum size_text_dialect dialect, const struct spelling *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct err err = ERR_INIT;
        uint32_t value = 0;
        int result = parse(str_from(cases[i].text), dialect, &value, &err);

        if (value != cases[i].value || result != (cases[i].value != 0 ? 0 : -1))
            print_error("'%s' gave %u\n", cases[i].text, value);
        assert_int_equal(value, cases[i].value);
        assert_int_equal(result, cases[i].value != 0 ? 0 : -1);
        assert_int_equal(err.code, cases[i].value != 0 ? ERR_NONE : ERR_INVALID);
    }
}

static void
cpu_is_read_in_every_spelling_of_ecs(void **state)
{
    static const struct spelling cases[] = {
        {"1024", 1024},
        {"256", 256},
        {"1 vCPU", 1024},
        {"1vcpu", 1024},
        {".25vcpu", 256},
        {"0.25 vCPU", 256},
        {".5 VCPU", 512},
        {"16     vCpU", 16384},
        {"32vCPU", 32768},
        {"1.0 vCPU", 1024},
        {"01 vCPU", 1024},
        {"1\tvCPU", 1024},
        {" 1024 ", 1024},
        {"1", 1},
        {"64", 64},
        {"0.0009765625 vCPU", 1},
        {"000000000001024", 1024},
        {"1.50000000000000000000 vcpu", 1536},
        /* refused */
        {"", 0},
        {" ", 0},
        {"vCPU", 0},
        {". vCPU", 0},
        {"1. vCPU", 0},
        {"1.", 0},
        {"-1 vCPU", 0},
        {"+1 vCPU", 0},
        {"1e3", 0},
        {"0x400", 0},
        {"1 024", 0},
        {"1,5 vCPU", 0},
        {"1 vCPUs", 0},
        {"1 v CPU", 0},
        {"1 vCPU 2", 0},
        {"1 GB", 0},
        {"0.3 vCPU", 0},
        {"0.5", 0},
        {"1024.0", 0},
        {"0", 0},
        {"0 vCPU", 0},
        {"1000000001", 0},
        {"99999999999", 0},
        {"1000000 vCPU", 0},
        {"NaN", 0},
        {"inf vCPU", 0},
        {"\xc2\xa0"
         "1 vCPU",
         0},
        {"1.00000000001 vCPU", 0},
    };

    (void)state;
    check(size_text_cpu, SIZE_TEXT_ECS, cases, ARRAY_LEN(cases));
}

static void
small_numbers_of_an_option_are_vcpus(void **state)
{
    static const struct spelling cases[] = {
        {"1", 1024},     {"0.25", 256}, {".25", 256}, {"2", 2048},    {"32", 32768},
        {"32.0", 32768}, {"1.5", 1536}, {"128", 128}, {"1024", 1024}, {"2 vCPUs", 2048},
        {"33", 0},       {"127", 0},    {"32.5", 0},  {"256.0", 0},   {"0.3", 0},
        {"0", 0},        {"0.0", 0},    {"many", 0},  {"1 core", 0},
    };

    (void)state;
    check(size_text_cpu, SIZE_TEXT_OPTION, cases, ARRAY_LEN(cases));
}

static void
memory_is_read_in_every_spelling_of_ecs(void **state)
{
    static const struct spelling cases[] = {
        {"2048", 2048},
        {"2 GB", 2048},
        {"2GB", 2048},
        {"2gb", 2048},
        {"0.5 GB", 512},
        {".5GB", 512},
        {"30  Gb", 30720},
        {"244 GB", 249856},
        {"512", 512},
        {"2", 2},
        {"2.0 GB", 2048},
        /* refused */
        {"", 0},
        {"GB", 0},
        {"2 GiB", 0},
        {"2 MB", 0},
        {"2 TB", 0},
        {"0.5", 0},
        {"2048.0", 0},
        {"-2 GB", 0},
        {"2 G B", 0},
        {"0.0001 GB", 0},
        {"0", 0},
        {"1000000001", 0},
        {"1000000 GB", 0},
        {"2 GB.", 0},
    };

    (void)state;
    check(size_text_memory, SIZE_TEXT_ECS, cases, ARRAY_LEN(cases));
}

static void
memory_of_an_option_may_be_mebibytes(void **state)
{
    static const struct spelling cases[] = {
        {"512 MiB", 512}, {"512mb", 512}, {"512M", 512}, {"2 GiB", 2048}, {"2g", 2048},
        {"64", 64},       {"0.5", 0},     {"64 KB", 0},  {"0.5 MiB", 0},
    };

    (void)state;
    check(size_text_memory, SIZE_TEXT_OPTION, cases, ARRAY_LEN(cases));
}

static void
a_bare_fraction_of_memory_is_asked_for_its_unit(void **state)
{
    struct err err = ERR_INIT;
    uint32_t mib;

    (void)state;
    assert_int_equal(size_text_memory(STR_LIT(" 0.5 "), SIZE_TEXT_OPTION, &mib, &err), -1);
    assert_string_equal(err.msg, "has no unit; did you mean '0.5 GB'?");
}

static void
what_is_written_for_people_reads_back(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= 300000; n += n < 40000 ? 1 : 97) {
        char text[SIZE_TEXT_MAX];
        struct err err = ERR_INIT;
        uint32_t back = 0;

        size_text_vcpu(n, text);
        assert_int_equal(size_text_cpu(str_from(text), SIZE_TEXT_ECS, &back, &err), 0);
        assert_int_equal(back, n);
        size_text_gb(n, text);
        assert_int_equal(size_text_memory(str_from(text), SIZE_TEXT_ECS, &back, &err), 0);
        assert_int_equal(back, n);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_is_read_in_every_spelling_of_ecs),
        cmocka_unit_test(small_numbers_of_an_option_are_vcpus),
        cmocka_unit_test(memory_is_read_in_every_spelling_of_ecs),
        cmocka_unit_test(memory_of_an_option_may_be_mebibytes),
        cmocka_unit_test(a_bare_fraction_of_memory_is_asked_for_its_unit),
        cmocka_unit_test(what_is_written_for_people_reads_back),
    };

    return cmocka_run_group_tests_name("ecs/size_text", tests, NULL, NULL);
}
