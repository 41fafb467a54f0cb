/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "images/platform.h"

static void
platforms_are_parsed_and_aliases_become_gos_names(void **state)
{
    static const struct {
        const char *text, *formatted;
    } cases[] = {
        {"linux/amd64", "linux/amd64"},       {"linux/x86_64", "linux/amd64"},
        {"linux/arm64", "linux/arm64"},       {"linux/aarch64", "linux/arm64"},
        {"linux/arm/v7", "linux/arm/v7"},     {"linux/armv7l", "linux/arm/v7"},
        {"linux/arm64/v8", "linux/arm64/v8"}, {"linux/riscv64", "linux/riscv64"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct platform p;
        struct err err = ERR_INIT;
        char text[3 * PLATFORM_WORD_MAX];

        if (platform_parse(cases[i].text, &p, &err) < 0)
            fail_msg("%s", err.msg);
        platform_format(&p, text);
        assert_string_equal(text, cases[i].formatted);
    }
}

static void
platforms_that_are_none_are_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "linux",
        "linux/",
        "/amd64",
        "linux/amd46",
        "Linux/amd64",
        "windows/amd64",
        "linux/amd64/",
        "linux/arm/V7",
        "linux/arm/v7/x",
        "linux/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct platform p;
        struct err err = ERR_INIT;

        if (platform_parse(cases[i], &p, &err) == 0)
            fail_msg("'%s' was accepted", cases[i]);
    }
}

static void
a_misspelt_architecture_is_answered_with_the_nearest(void **state)
{
    struct platform p;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(platform_parse("linux/amd46", &p, &err), -1);
    assert_non_null(strstr(err.msg, "linux/amd64"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(platforms_are_parsed_and_aliases_become_gos_names),
        cmocka_unit_test(platforms_that_are_none_are_refused),
        cmocka_unit_test(a_misspelt_architecture_is_answered_with_the_nearest),
    };
    return cmocka_run_group_tests_name("images/platform", tests, NULL, NULL);
}
