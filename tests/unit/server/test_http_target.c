/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *raw;
    enum http_path_result result;
    const char *path;
} paths[] = {
    {"", HTTP_PATH_OK, "/"},
    {"/", HTTP_PATH_OK, "/"},
    {"/a/b", HTTP_PATH_OK, "/a/b"},
    {"/a%20b", HTTP_PATH_OK, "/a b"},
    {"/%61", HTTP_PATH_OK, "/a"},
    {"/%2561", HTTP_PATH_OK, "/%61"},
    {"/.", HTTP_PATH_OK, "/"},
    {"/./", HTTP_PATH_OK, "/"},
    {"/a/.", HTTP_PATH_OK, "/a/"},
    {"/a/./b", HTTP_PATH_OK, "/a/b"},
    {"/a/../b", HTTP_PATH_OK, "/b"},
    {"/a/b/..", HTTP_PATH_OK, "/a/"},
    {"/a/..", HTTP_PATH_OK, "/"},
    {"/a/%2e%2E/b", HTTP_PATH_OK, "/b"},
    {"/a/.%2e/b", HTTP_PATH_OK, "/b"},
    {"/.a/..b/...", HTTP_PATH_OK, "/.a/..b/..."},
    {"/a//b", HTTP_PATH_OK, "/a//b"},
    {"//a/../b", HTTP_PATH_OK, "//b"},
    {"/%c3%a9", HTTP_PATH_OK, "/\xc3\xa9"},
    {"/..", HTTP_PATH_BAD, NULL},
    {"/../a", HTTP_PATH_BAD, NULL},
    {"/a/../../b", HTTP_PATH_BAD, NULL},
    {"/%2e%2e/", HTTP_PATH_BAD, NULL},
    {"/%00", HTTP_PATH_BAD, NULL},
    {"/a%", HTTP_PATH_BAD, NULL},
    {"/a%2", HTTP_PATH_BAD, NULL},
    {"/a%zz", HTTP_PATH_BAD, NULL},
    {"/a%2fb", HTTP_PATH_SLASH, NULL},
    {"/..%2F", HTTP_PATH_BAD, NULL},
};

static void
paths_are_unescaped_once_and_lose_their_dots(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct str raw = str_from(paths[i].raw);
        char *room = malloc(raw.n + 1);
        struct str out = {NULL, 0};
        enum http_path_result result = http_target_path(raw, room, &out);

        if (result != paths[i].result || (result == HTTP_PATH_OK && !str_eq(out, paths[i].path)))
            fail_msg("'%s': %d '" STR_FMT "'", paths[i].raw, result, STR_ARG(out));
        free(room);
    }
}

static void
plain_paths_are_those_that_stay_as_they_are(void **state)
{
    static const struct {
        const char *target;
        bool plain;
    } rows[] = {{"/", true},         {"/a.b", true},   {"/a..b/c.?x=/.%20", true},
                {"/a.js.map", true}, {"/.", false},    {"/.well-known/x", false},
                {"/a/.b", false},    {"/a/..", false}, {"/a%20b", false},
                {"/a.b/%61", false}, {"*", false},     {"http://h", false},
                {"http://h/a", true}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_target t;
        struct str method = rows[i].target[0] == '*' ? STR_LIT("OPTIONS") : STR_LIT("GET");

        if (!http_target_parse(method, str_from(rows[i].target), &t) || t.plain != rows[i].plain)
            fail_msg("'%s'", rows[i].target);
    }
}

static void
parameters_are_found_by_their_whole_name(void **state)
{
    struct str query = STR_LIT("limit=2&x&offset=&limits=9&=5");

    (void)state;
    assert_true(str_eq(http_target_parameter(query, "limit"), "2"));
    assert_true(str_eq(http_target_parameter(query, "offset"), ""));
    assert_non_null(http_target_parameter(query, "x").p);
    assert_null(http_target_parameter(query, "off").p);
    assert_null(http_target_parameter(STR_LIT(""), "limit").p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_unescaped_once_and_lose_their_dots),
        cmocka_unit_test(plain_paths_are_those_that_stay_as_they_are),
        cmocka_unit_test(parameters_are_found_by_their_whole_name),
    };
    return cmocka_run_group_tests_name("server/http_target", tests, NULL, NULL);
}
