/* SPDX-License-Identifier: Apache-2.0 */
#include "server/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "server/handlers.h"
#include "server/settings.h"

static void
the_most_specific_route_answers(void **state)
{
    static char site[] = "/", assets[] = "/assets", deep[] = "/assets/deep";
    struct settings_mount mounts[] = {{site, "/"}, {assets, "/"}, {deep, "/"}};
    struct settings s = {.mounts = mounts, .n_mounts = 3};
    static const char *const cases[][3] = {
        {"/", "/", "/"},
        {"/x", "/", "/x"},
        {"/healthz", "/healthz", ""},
        {"/healthz/", "/", "/healthz/"},
        {"/healthzz", "/", "/healthzz"},
        {"/assets", "/assets", ""},
        {"/assets/", "/assets", "/"},
        {"/assetsx", "/", "/assetsx"},
        {"/assets/deep/a", "/assets/deep", "/a"},
        {"/assets/deeper", "/assets", "/deeper"},
    };
    struct routes r;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(route_init(&r, &s, &err), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct str rest;
        const struct route *route = route_find(&r, str_from(cases[i][0]), &rest);

        assert_non_null(route);
        assert_string_equal(route->path, cases[i][1]);
        assert_true(str_eq(rest, cases[i][2]));
    }
    route_done(&r);
}

static void
without_a_mount_or_database_only_health_is_there(void **state)
{
    struct settings s = {.n_mounts = 0};
    struct routes r;
    struct err err = ERR_INIT;
    struct str rest;

    (void)state;
    assert_int_equal(route_init(&r, &s, &err), 0);
    assert_non_null(route_find(&r, STR_LIT("/healthz"), &rest));
    assert_null(route_find(&r, STR_LIT("/"), &rest));
    assert_null(route_find(&r, STR_LIT("/api/v1/posts/"), &rest));
    route_done(&r);
}

static void
mounts_that_cannot_work_are_refused(void **state)
{
    static char a[] = "/a", b[] = "/a";
    struct settings_mount missing[] = {{a, "/nonexistent-folder"}};
    struct settings_mount doubled[] = {{a, "/"}, {b, "/tmp"}};
    struct settings s = {.mounts = missing, .n_mounts = 1};
    struct routes r;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(route_init(&r, &s, &err), -1);
    assert_non_null(strstr(err.msg, "--static /a=/nonexistent-folder"));
    route_done(&r);
    s = (struct settings){.mounts = doubled, .n_mounts = 2};
    assert_int_equal(route_init(&r, &s, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    route_done(&r);
}

static void
allow_lists_methods_with_options(void **state)
{
    char out[128];

    (void)state;
    route_allow(handler_health.methods, out);
    assert_string_equal(out, "Allow: GET, HEAD, OPTIONS\r\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_specific_route_answers),
        cmocka_unit_test(without_a_mount_or_database_only_health_is_there),
        cmocka_unit_test(mounts_that_cannot_work_are_refused),
        cmocka_unit_test(allow_lists_methods_with_options),
    };
    return cmocka_run_group_tests_name("server/route", tests, NULL, NULL);
}
