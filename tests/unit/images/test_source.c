/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "images/source.h"

static void
a_file_is_divided_at_the_last_colon_before_a_slash(void **state)
{
    static const struct {
        const char *text, *path, *dest;
        int mode;
    } cases[] = {
        {"a:/b", "a", "b", SOURCE_MODE_NONE}, {"/x/a:/b/c:0755", "/x/a", "b/c", 0755},
        {"a:b:/c:644", "a:b", "c", 0644},     {"a:/b:/c", "a:/b", "c", SOURCE_MODE_NONE},
        {"./a:/b:4755", "./a", "b", 04755},   {"a:/b:000", "a", "b", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_source struct source s = SOURCE_INIT;
        struct err err = ERR_INIT;

        if (source_parse_file(cases[i].text, &s, &err) < 0)
            fail_msg("%s", err.msg);
        assert_string_equal(s.path, cases[i].path);
        assert_string_equal(s.dest, cases[i].dest);
        assert_int_equal(s.mode, cases[i].mode);
    }
}

static void
sources_that_do_not_say_where_to_are_refused(void **state)
{
    static const char *const files[] = {
        "",           "a",        "a:b",       ":/b",        "/b",         "a:/",
        "a:/b/",      "a:/b:",    "a:/b:8",    "a:/b:75",    "a:/b:0x1ff", "a:/b:888",
        "a:/b:00755", "a:/b:rwx", "a:/b:+755", "a:/b:0755:", "a:/../b",    "a:/b:-1",
    };
    static const char *const folders[] = {"", "a", "a:b", "a:/b:0755", "a:/b/../c", ":/"};
    struct source s = SOURCE_INIT;
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        if (source_parse_file(files[i], &s, &err) == 0)
            fail_msg("'%s' was accepted", files[i]);
    for (size_t i = 0; i < ARRAY_LEN(folders); i++)
        if (source_parse_folder(folders[i], &s, &err) == 0)
            fail_msg("'%s' was accepted", folders[i]);
}

static void
owners_are_numbers(void **state)
{
    static const char *const refused[] = {"",      "root", "0:",         ":0",
                                          "1:2:3", "-1",   "4294967295", "1 "};
    struct source_owner o = {9, 9};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(source_parse_owner("12:34", &o, &err), 0);
    assert_int_equal(o.uid, 12);
    assert_int_equal(o.gid, 34);
    assert_int_equal(source_parse_owner("7", &o, &err), 0);
    assert_int_equal(o.gid, 7);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        assert_int_equal(source_parse_owner(refused[i], &o, &err), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_divided_at_the_last_colon_before_a_slash),
        cmocka_unit_test(sources_that_do_not_say_where_to_are_refused),
        cmocka_unit_test(owners_are_numbers),
    };
    return cmocka_run_group_tests_name("images/source", tests, NULL, NULL);
}
