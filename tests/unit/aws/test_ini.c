/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/ini.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"

static const struct {
    const char *text;
    const char *kind, *section, *parent, *key;
    const char *value; /* NULL: the key is absent */
} accepted[] = {
    {"", "", "a", "", "k", NULL},
    {"\n\n# c\n; c\n", "", "a", "", "k", NULL},
    {"[a]\nk=v", "", "a", "", "k", "v"},
    {"[a]\nk = v\n", "", "a", "", "k", "v"},
    {"[a]\r\nk = v\r\n", "", "a", "", "k", "v"},
    {"\xef\xbb\xbf[a]\nk = v\n", "", "a", "", "k", "v"},
    {"[a]\nK_Ey =  v w  \n", "", "a", "", "k_ey", "v w"},
    {"[a]\nk: v\n", "", "a", "", "k", "v"},
    {"[a]\nk = http://h:1/\n", "", "a", "", "k", "http://h:1/"},
    {"[a]\nk = a=b==\n", "", "a", "", "k", "a=b=="},
    {"[a]\nk = v # comment\n", "", "a", "", "k", "v"},
    {"[a]\nk = v#not;one\n", "", "a", "", "k", "v#not;one"},
    {"[a]\nk = v ; comment\n", "", "a", "", "k", "v"},
    {"[a] # comment\nk = v\n", "", "a", "", "k", "v"},
    {"[ a ]\nk = v\n", "", "a", "", "k", "v"},
    {"  [a]\n  k = v\n  l = w\n", "", "a", "", "l", "w"},
    {"[a]\n  k = v\nl = w\n", "", "a", "", "l", "w"},
    {"[a]\nk =\n", "", "a", "", "k", ""},
    {"[profile a]\nk = v\n", "profile", "a", "", "k", "v"},
    {"[profile \"a b\"]\nk = v\n", "profile", "a b", "", "k", "v"},
    {"[profile\ta]\nk = v\n", "profile", "a", "", "k", "v"},
    {"[profile a]\nk = v\n", "", "a", "", "k", NULL},
    {"[A]\nk = v\n", "", "a", "", "k", NULL},
    {"[a]\ns3 =\n  k = v\n  l = w\nm = x\n", "", "a", "s3", "l", "w"},
    {"[a]\ns3 =\n  k = v\n# c\n\n  l = w\nm = x\n", "", "a", "s3", "l", "w"},
    {"[a]\ns3 =\n  k = v\nm = x\n", "", "a", "", "m", "x"},
    {"[a]\ns3 =\n  k = v\n", "", "a", "", "k", NULL},
    {"[a]\nk = one\n  two\n\tthree # c\n", "", "a", "", "k", "one\ntwo\nthree"},
    {"[a]\nk = v\n[b]\nk = w\n", "", "b", "", "k", "w"},
    {"[a]\nk = v\n[profile a]\nk = w\n", "profile", "a", "", "k", "w"},
    {"[a]\nname with blanks = v\n", "", "a", "", "name with blanks", "v"},
    {"[a]\nk = \xc3\xa4\n", "", "a", "", "k", "\xc3\xa4"},
};

static void
the_dialect_is_read_as_the_aws_cli_reads_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
        cleanup_ini struct ini ini = INI_INIT;
        struct err err = ERR_INIT;
        const struct ini_section *section;
        const struct ini_key *key = NULL;

        if (ini_parse(&ini, "file", str_from(accepted[i].text), &err) < 0)
            fail_msg("case %zu: %s", i, err.msg);
        section = ini_section(&ini, accepted[i].kind, str_from(accepted[i].section));
        if (section != NULL)
            key = ini_key(section, accepted[i].parent, accepted[i].key);
        if (accepted[i].value == NULL)
            assert_null(key);
        else if (key == NULL || !str_eq(key->value, accepted[i].value))
            fail_msg("case %zu: got '" STR_FMT "'", i, STR_ARG(key ? key->value : STR_LIT("-")));
    }
}

static void
refusals_name_file_line_and_reason(void **state)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"k = v\n", "file:1: a key before the first [section]"},
        {"\n[a\nk = v\n", "file:2: '[' without ']'"},
        {"[]\n", "file:1: the section has no name"},
        {"[profile \"\"]\n", "file:1: the section has no name"},
        {"[a] b\n", "file:1: text after ']'"},
        {"[profile a b]\n", "file:1: a section's name with a blank must stand in quotes"},
        {"[profile 'a b]\n", "file:1: a quote in the section's name has no end"},
        {"[profile 'a ] b']\n", "file:1: text after ']'"}, /* no ']' even in quotes */
        {"[a]\nk\n", "file:2: want 'key = value'"},
        {"[a]\n= v\n", "file:2: no key before the '='"},
        {"[a]\nk = v\nK = w\n", "file:3: 'k' is there already, in line 2"},
        {"[a]\n[b]\n[a]\n", "file:3: the section is there already, in line 1"},
        {"[a]\ns3 =\n  k = v\n  K = w\n", "file:4: 'k' is there already, in line 3"},
        {"[a]\ns3 =\n  k\n", "file:3: want 'key = value'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cleanup_ini struct ini ini = INI_INIT;
        struct err err = ERR_INIT;

        if (ini_parse(&ini, "file", str_from(bad[i].text), &err) == 0)
            fail_msg("'%s' was accepted", bad[i].text);
        assert_int_equal(err.code, ERR_INVALID);
        assert_string_equal(err.msg, bad[i].why);
    }
}

static void
binary_and_oversized_files_are_refused(void **state)
{
    cleanup_ini struct ini nul = INI_INIT, line = INI_INIT, file = INI_INIT;
    cleanup_buf struct buf text = BUF_INIT(2 * INI_FILE_MAX);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(ini_parse(&nul, "file", STR_LIT("[a]\nk = \0v\n"), &err), -1);
    assert_string_equal(err.msg, "file:2: a NUL byte: this is not a text file");
    buf_append_str(&text, "[a]\nk = ");
    for (int i = 0; i < INI_LINE_MAX; i++)
        buf_append_char(&text, 'x');
    assert_int_equal(ini_parse(&line, "file", buf_view(&text), &err), -1);
    assert_string_equal(err.msg, "file:2: the line is too long");
    while (text.n <= INI_FILE_MAX)
        buf_append_str(&text, "\n# comment");
    assert_int_equal(ini_parse(&file, "file", buf_view(&text), &err), -1);
    assert_int_equal(err.code, ERR_LIMIT);
}

static void
sections_and_keys_are_bounded(void **state)
{
    cleanup_ini struct ini sections = INI_INIT, keys = INI_INIT;
    cleanup_buf struct buf text = BUF_INIT(INI_FILE_MAX);
    struct err err = ERR_INIT;

    (void)state;
    for (int i = 0; i <= INI_SECTIONS_MAX; i++)
        buf_appendf(&text, "[s%d]\n", i);
    assert_int_equal(ini_parse(&sections, "file", buf_view(&text), &err), -1);
    assert_non_null(strstr(err.msg, "too many sections"));
    buf_clear(&text);
    buf_append_str(&text, "[a]\n");
    for (int i = 0; i <= INI_KEYS_MAX; i++)
        buf_appendf(&text, "k%d = v\n", i);
    assert_int_equal(ini_parse(&keys, "file", buf_view(&text), &err), -1);
    assert_non_null(strstr(err.msg, "too many keys in one section"));
}

static void
a_missing_file_is_told_from_a_broken_one(void **state)
{
    cleanup_ini struct ini missing = INI_INIT, folder = INI_INIT;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(ini_read(&missing, "/nonexistent/config", &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_int_equal(ini_read(&folder, "/", &err), -1);
    assert_int_not_equal(err.code, ERR_NOT_FOUND);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_dialect_is_read_as_the_aws_cli_reads_it),
        cmocka_unit_test(refusals_name_file_line_and_reason),
        cmocka_unit_test(binary_and_oversized_files_are_refused),
        cmocka_unit_test(sections_and_keys_are_bounded),
        cmocka_unit_test(a_missing_file_is_told_from_a_broken_one),
    };

    return cmocka_run_group_tests_name("aws/ini", tests, NULL, NULL);
}
