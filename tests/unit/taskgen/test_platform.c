/* SPDX-License-Identifier: Apache-2.0 */
#include "taskgen/platform.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/err.h"

struct name {
    const char *text;
    const char *api; /* NULL: refused */
};

static void
check(int (*find)(const char *, const char **, struct err *), const struct name *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct err err = ERR_INIT;
        const char *api = NULL;

        assert_int_equal(find(cases[i].text, &api, &err), cases[i].api != NULL ? 0 : -1);
        if (cases[i].api != NULL)
            assert_string_equal(api, cases[i].api);
        else
            assert_int_equal(err.code, ERR_INVALID);
    }
}

static void
systems_have_short_names_and_those_of_the_api(void **state)
{
    static const struct name cases[] = {
        {"linux", "LINUX"},
        {"LINUX", "LINUX"},
        {"windows", "WINDOWS_SERVER_2022_CORE"},
        {"Windows-2019-Full", "WINDOWS_SERVER_2019_FULL"},
        {"windows_2025_core", "WINDOWS_SERVER_2025_CORE"},
        {"WINDOWS_SERVER_2025_FULL", "WINDOWS_SERVER_2025_FULL"},
        {"windows-server-2022-core", "WINDOWS_SERVER_2022_CORE"},
        {"", NULL},
        {"win", NULL},
        {"linux ", NULL},
        {"windows-2016-full", NULL},
        {"WINDOWS_SERVER_20H2_CORE", NULL},
    };

    (void)state;
    check(platform_os, cases, ARRAY_LEN(cases));
}

static void
architectures_have_the_names_of_the_api_and_of_uname(void **state)
{
    static const struct name cases[] = {
        {"x86_64", "X86_64"}, {"X86-64", "X86_64"}, {"amd64", "X86_64"}, {"arm64", "ARM64"},
        {"AArch64", "ARM64"}, {"arm", NULL},        {"x86", NULL},       {"", NULL},
    };

    (void)state;
    check(platform_arch, cases, ARRAY_LEN(cases));
}

static void
windows_has_its_own_sizes(void **state)
{
    (void)state;
    assert_int_equal(platform_size_os("LINUX"), SIZE_LINUX);
    assert_int_equal(platform_size_os("WINDOWS_SERVER_2019_CORE"), SIZE_WINDOWS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(systems_have_short_names_and_those_of_the_api),
        cmocka_unit_test(architectures_have_the_names_of_the_api_and_of_uname),
        cmocka_unit_test(windows_has_its_own_sizes),
    };

    return cmocka_run_group_tests_name("taskgen/platform", tests, NULL, NULL);
}
