/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/err.h"

enum { WORDS_MAX = 6 };

static void
text_becomes_the_words_that_shlex_makes_of_it(void **state UNUSED)
{
    static const struct {
        const char *text;
        const char *words[WORDS_MAX];
    } cases[] = {
        {"", {NULL}},
        {" \t\r\n ", {NULL}},
        {"a", {"a"}},
        {"-w 4\n--bind=:80", {"-w", "4", "--bind=:80"}},
        {"''", {""}},
        {"\"\" '' x", {"", "", "x"}},
        {"a'b c'd", {"ab cd"}},
        {"'a\\'b", {"a\\b"}},
        {"\"a 'b' c\"", {"a 'b' c"}},
        {"\"a\\\"b\\\\c\\d\\$\"", {"a\"b\\c\\d\\$"}},
        {"a\\ b \\'c \\\\", {"a b", "'c", "\\"}},
        {"a\\\nb", {"a\nb"}},
        {"# $HOME `x` *", {"#", "$HOME", "`x`", "*"}},
        {"--name='sh\xc3\xb6p 1'", {"--name=sh\xc3\xb6p 1"}},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        struct cli_words w;
        int n = 0;

        assert_int_equal(cli_words_parse(cases[i].text, "ARGS", &w, &err), 0);
        assert_string_equal(w.argv[0], "ARGS");
        for (; cases[i].words[n] != NULL; n++) {
            assert_true(n + 1 < w.argc);
            assert_string_equal(w.argv[n + 1], cases[i].words[n]);
        }
        assert_int_equal(w.argc, n + 1);
        assert_null(w.argv[w.argc]);
        cli_words_done(&w);
    }
}

static void
what_is_not_complete_is_refused(void **state UNUSED)
{
    static const char *const cases[][2] = {
        {"'", "quote '"},
        {"a \"b", "quote \""},
        {"a 'b\" c", "quote '"},
        {"\"a\\\"", "quote \""},
        {"a \\", "backslash"},
        {"\\", "backslash"},
        {"\"it's\" it's", "quote '"},
        {"\"\\", "quote \""},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        struct cli_words w;

        assert_int_equal(cli_words_parse(cases[i][0], "ARGS", &w, &err), -1);
        assert_int_equal(err.code, ERR_USAGE);
        assert_non_null(strstr(err.msg, cases[i][1]));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_the_words_that_shlex_makes_of_it),
        cmocka_unit_test(what_is_not_complete_is_refused),
    };

    return cmocka_run_group_tests_name("base/cli_words", tests, NULL, NULL);
}
