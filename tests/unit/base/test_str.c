/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"

static void
comparisons_look_at_the_whole_view(void **state UNUSED)
{
    struct str empty = {NULL, 0};

    assert_true(str_eq(STR_LIT("abc"), "abc"));
    assert_false(str_eq(STR_LIT("abc"), "ab"));
    assert_false(str_eq(STR_LIT("abc"), "abcd"));
    assert_false(str_eq(STR_LIT("a\0c"), "a"));
    assert_true(str_eq(empty, ""));
    assert_true(str_eq_nocase(STR_LIT("Content-TYPE"), "content-type"));
    assert_false(str_eq_nocase(STR_LIT("K"), "\xe2\x84\xaa")); /* the Kelvin sign */
    assert_true(str_starts(STR_LIT("sha256:1"), "sha256:"));
    assert_true(str_starts(empty, ""));
    assert_false(str_starts(STR_LIT("sha"), "sha256:"));
    assert_true(str_ends(STR_LIT("a.tar"), ".tar"));
    assert_false(str_ends(STR_LIT("tar"), ".tar"));
}

static void
cutting_shows_every_field_and_empty_ones_too(void **state UNUSED)
{
    struct str rest = STR_LIT("a,,b,");
    static const char *const want[] = {"a", "", "b", ""};
    size_t n = 0;

    while (rest.p != NULL) {
        struct str field = str_cut(&rest, ',');

        assert_true(n < ARRAY_LEN(want));
        assert_true(str_eq(field, want[n]));
        n++;
    }
    assert_int_equal(n, ARRAY_LEN(want));
}

static void
finding_gives_the_first_position_or_minus_one(void **state UNUSED)
{
    assert_int_equal(str_find(STR_LIT("a:b:c"), ':'), 1);
    assert_int_equal(str_find(STR_LIT("abc"), ':'), -1);
    assert_int_equal(str_find((struct str){NULL, 0}, ':'), -1);
}

static void
trimming_takes_blanks_at_both_ends_only(void **state UNUSED)
{
    assert_true(str_eq(str_trim(STR_LIT(" \t a b \r\n")), "a b"));
    assert_true(str_eq(str_trim(STR_LIT(" \n ")), ""));
    assert_true(str_eq(str_trim((struct str){NULL, 0}), ""));
}

static void
the_nearest_word_is_one_slip_away_or_two_in_long_words(void **state UNUSED)
{
    static const char *const words[] = {"render", "register", "run", "validate", NULL};
    static const struct {
        const char *typed;
        const char *want;
    } cases[] = {
        {"rendr", "render"},      {"rnder", "render"},
        {"erNDer", "render"},     {"rn", "run"},
        {"urn", "run"},           {"vlidaet", "validate"},
        {"registre", "register"}, {"x", NULL},
        {"completely", NULL},     {"", NULL},
        {"rxyz", NULL},
    };
    char huge[1000];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *got = str_nearest(cases[i].typed, words);

        if (cases[i].want == NULL)
            assert_null(got);
        else
            assert_string_equal(got, cases[i].want);
    }
    memset(huge, 'r', sizeof(huge));
    huge[sizeof(huge) - 1] = '\0';
    assert_null(str_nearest(huge, words));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparisons_look_at_the_whole_view),
        cmocka_unit_test(cutting_shows_every_field_and_empty_ones_too),
        cmocka_unit_test(finding_gives_the_first_position_or_minus_one),
        cmocka_unit_test(trimming_takes_blanks_at_both_ends_only),
        cmocka_unit_test(the_nearest_word_is_one_slip_away_or_two_in_long_words),
    };

    return cmocka_run_group_tests_name("base/str", tests, NULL, NULL);
}
