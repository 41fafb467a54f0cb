/* SPDX-License-Identifier: Apache-2.0 */
#include "server/static_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "server/settings.h"

static void
patterns_match_with_stars(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {
        {"/a", "/a", true},
        {"/a", "/ab", false},
        {"/ab", "/a", false},
        {"/*", "/", true},
        {"/*", "/a/b", true},
        {"/assets/*", "/assets/x/y.js", true},
        {"/assets/*", "/asset/x", false},
        {"*.js", "/a/b.js", true},
        {"*.js", "/a/b.jss", false},
        {"/*.js", "/a.js.js", true},
        {"/*/b/*", "/a/b/c", true},
        {"/*/b/*", "/b/c", false},
        {"/**a", "/xxa", true},
        {"*", "", true},
        {"", "", true},
        {"", "a", false},
        {"/*a*b*c", "/xaybzc", true},
        {"/*a*b*c", "/xcybza", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (static_file_matches(str_from(cases[i].pattern), str_from(cases[i].text)) !=
            cases[i].matches)
            fail_msg("'%s' '%s'", cases[i].pattern, cases[i].text);
    }
}

static void
the_first_rule_that_matches_counts(void **state)
{
    struct settings_cache_rule rules[] = {
        {STR_LIT("/assets/x*"), ""}, {STR_LIT("/assets/*"), "immutable"}, {STR_LIT("/*"), "b"}};
    struct settings_static s = {.rules = rules, .n_rules = 2};

    (void)state;
    assert_string_equal(static_file_cache_control(&s, STR_LIT("/assets/a"), "text/css"),
                        "immutable");
    assert_null(static_file_cache_control(&s, STR_LIT("/assets/xa"), "text/html"));
    assert_null(static_file_cache_control(&s, STR_LIT("/a"), "text/css"));
    assert_string_equal(static_file_cache_control(&s, STR_LIT("/a"), "text/html; charset=utf-8"),
                        "no-cache");
    s.n_rules = 3;
    assert_string_equal(static_file_cache_control(&s, STR_LIT("/a"), "text/html"), "b");
}

static void
headers_name_what_the_response_depends_on(void **state)
{
    struct settings_static s = {.n_rules = 0};
    struct static_place place = {.settings = &s, .url = "/", .fallback = "index.html"};
    struct static_entry e = {
        .type = "text/css",
        .codings = 1u << HTTP_CODING_IDENTITY | 1u << HTTP_CODING_BR,
    };
    const struct static_file *br = &e.files[HTTP_CODING_BR];

    (void)state;
    snprintf(e.files[HTTP_CODING_BR].etag, STATIC_ETAG_MAX, "\"b\"");
    e.files[HTTP_CODING_BR].modified = HTTP_CONDITION_UNDATED;
    static_file_headers(&e, &place, STR_LIT("a.css"));
    assert_string_equal(br->headers, "ETag: \"b\"\r\nVary: Accept-Encoding\r\n"
                                     "X-Content-Type-Options: nosniff\r\n"
                                     "Accept-Ranges: bytes\r\nContent-Encoding: br\r\n");
    assert_memory_equal(br->headers + br->n_common, "Accept-Ranges", 13);
    assert_string_equal(br->lines + strlen("Content-Type: text/css\r\nContent-Length: 0\r\n"),
                        br->headers);
    assert_memory_equal(br->lines, "Content-Type: text/css\r\nContent-Length: 0\r\n", 43);
    assert_int_equal(static_file_headers_size(&e),
                     br->n_lines + e.files[HTTP_CODING_IDENTITY].n_lines);
    static_file_headers_done(&e);
    static_file_headers(&e, &place, STR_LIT("index.html"));
    assert_non_null(strstr(br->headers, "Vary: Accept, Accept-Encoding\r\n"));
    static_file_headers_done(&e);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match_with_stars),
        cmocka_unit_test(the_first_rule_that_matches_counts),
        cmocka_unit_test(headers_name_what_the_response_depends_on),
    };
    return cmocka_run_group_tests_name("server/static_file", tests, NULL, NULL);
}
