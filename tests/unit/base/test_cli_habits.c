/* SPDX-License-Identifier: Apache-2.0 */

/* What comes with a command's habits: a variable with options, where values come from, refusals. */

#include "base/cli_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/cli.h"
#include "base/err.h"

enum { FLAG, TEXT, NUMBER, LIST };

struct opts {
    bool flag;
    const char *text;
    uint64_t number;
    struct cli_list list;
    struct cli_origins origins;
    bool renamed;
};

static const struct cli_opt table[] = {
    {"flag", 'f', CLI_FLAG, offsetof(struct opts, flag), NULL, "Flag.", 0, 0, NULL},
    {"text", 't', CLI_STR, offsetof(struct opts, text), "TEXT", "Text.", 0, 0, "TEST_TEXT"},
    {"number", 'n', CLI_UINT, offsetof(struct opts, number), "N", "Number.", 1, 9, "TEST_NUMBER"},
    {"list", 'l', CLI_LIST, offsetof(struct opts, list), "ITEM", "Item.", 0, 0, NULL},
    {.name = NULL}};

static const char *
refusal(const char *word)
{
    if (strcmp(word, "--old") == 0 || strcmp(word, "-o") == 0)
        return "is of old";
    return strcmp(word, "a:b") == 0 ? "is no operand here" : NULL;
}

static int
before_variables(const void *opts, struct err *err)
{
    const struct opts *o = opts;

    if (o->text != NULL && strcmp(o->text, "fail") == 0)
        return err_set(err, ERR_INVALID, "asked to");
    return o->flag ? setenv("TEST_NUMBER", "7", 1) : 0;
}

static const char *
value(const struct cli_opt *opt, const char *text, void *opts, struct err *err)
{
    struct opts *o = opts;

    if (strcmp(opt->name, "text") != 0)
        return text;
    if (strcmp(text, "never") == 0) {
        err_set(err, ERR_USAGE, "--text never: not here");
        return NULL;
    }
    if (strcmp(text, "old") != 0)
        return text;
    o->renamed = true;
    return "new";
}

static const struct cli_habits habits = {.args_env = "TEST_ARGS",
                                         .origins = offsetof(struct opts, origins),
                                         .before_variables = before_variables,
                                         .refusal = refusal,
                                         .value = value};

static const struct cli_cmd cmd = {.name = "x",
                                   .operands = "",
                                   .opts = table,
                                   .opts_size = sizeof(struct opts),
                                   .habits = &habits};

static int
clear(void **state UNUSED)
{
    unsetenv("TEST_ARGS");
    unsetenv("TEST_TEXT");
    unsetenv("TEST_NUMBER");
    return 0;
}

/* The command line is line's words; o starts zeroed. */
static int
parse(const char *line, struct opts *o, struct cli_parse_result *out, struct err *err)
{
    struct cli_words words;
    int result;

    *o = (struct opts){.flag = false};
    assert_int_equal(cli_words_parse(line, "x", &words, err), 0);
    result = cli_parse_line(&cmd, words.argc, words.argv, true, o, out, err);
    cli_words_done(&words);
    return result;
}

static void
done(struct opts *o, struct cli_parse_result *result)
{
    cli_lists_done(&cmd, o);
    cli_words_done(&result->args);
}

static void
each_source_counts_more_than_the_one_before(void **state UNUSED)
{
    struct err err = ERR_INIT;
    struct cli_parse_result r;
    struct opts o;

    assert_int_equal(parse("", &o, &r, &err), 0);
    assert_int_equal(o.origins.of[NUMBER], CLI_FROM_DEFAULT);
    done(&o, &r);
    setenv("TEST_NUMBER", "2", 1);
    assert_int_equal(parse("", &o, &r, &err), 0);
    assert_int_equal(o.number, 2);
    assert_int_equal(o.origins.of[NUMBER], CLI_FROM_VARIABLE);
    done(&o, &r);
    setenv("TEST_ARGS", "-n 3 --text 'a b'", 1);
    assert_int_equal(parse("", &o, &r, &err), 0);
    assert_int_equal(o.number, 3);
    assert_string_equal(o.text, "a b");
    assert_int_equal(o.origins.of[NUMBER], CLI_FROM_ARGS);
    assert_int_equal(o.origins.of[FLAG], CLI_FROM_DEFAULT);
    done(&o, &r);
    assert_int_equal(parse("-n4", &o, &r, &err), 0);
    assert_int_equal(o.number, 4);
    assert_int_equal(o.origins.of[NUMBER], CLI_FROM_LINE);
    assert_int_equal(o.origins.of[TEXT], CLI_FROM_ARGS);
    done(&o, &r);
}

static void
a_list_of_the_command_line_replaces_that_of_the_variable(void **state UNUSED)
{
    struct err err = ERR_INIT;
    struct cli_parse_result r;
    struct opts o;

    setenv("TEST_ARGS", "-l a -l b", 1);
    assert_int_equal(parse("-f", &o, &r, &err), 0);
    assert_int_equal(o.list.n, 2);
    assert_string_equal(o.list.v[1], "b");
    done(&o, &r);
    assert_int_equal(parse("-l c --list=d -l e", &o, &r, &err), 0);
    assert_int_equal(o.list.n, 3);
    assert_int_equal(o.origins.of[LIST], CLI_FROM_LINE);
    done(&o, &r);
}

static void
variables_may_be_set_before_they_are_read(void **state UNUSED)
{
    struct err err = ERR_INIT;
    struct cli_parse_result r;
    struct opts o;

    assert_int_equal(parse("-f", &o, &r, &err), 0);
    assert_int_equal(o.number, 7);
    done(&o, &r);
    assert_int_equal(parse("-t fail", &o, &r, &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
    done(&o, &r);
}

static void
a_value_may_have_another_name_here(void **state UNUSED)
{
    static const char *const lines[] = {"-t old", "--text=old"};
    struct err err = ERR_INIT;
    struct cli_parse_result r;
    struct opts o;

    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        assert_int_equal(parse(lines[i], &o, &r, &err), 0);
        assert_string_equal(o.text, "new");
        assert_true(o.renamed);
        done(&o, &r);
    }
    setenv("TEST_TEXT", "old", 1);
    assert_int_equal(parse("", &o, &r, &err), 0);
    assert_string_equal(o.text, "new");
    done(&o, &r);
    /* What does not count leaves no trace. */
    setenv("TEST_ARGS", "-t old", 1);
    assert_int_equal(parse("-t x", &o, &r, &err), 0);
    assert_false(o.renamed);
    done(&o, &r);
    assert_int_equal(parse("-t never", &o, &r, &err), -1);
    assert_string_equal(err.msg, "--text never: not here");
    done(&o, &r);
}

static void
what_is_wrong_in_the_variable_is_named_by_it(void **state UNUSED)
{
    static const char *const cases[][2] = {
        {"-n x", "TEST_ARGS: --number: 'x' is not a whole number from 1 to 9"},
        {"-n", "TEST_ARGS: --number needs a value: --number N"},
        {"--flog", "TEST_ARGS: unknown option '--flog': did you mean '--flag'?"},
        {"-z", "TEST_ARGS: unknown option '-z'"},
        {"--old=1", "TEST_ARGS: --old: is of old"},
        {"a:b", "TEST_ARGS: a:b: is no operand here"},
        {"x", "TEST_ARGS: unexpected operand 'x': options only"},
        {"'x", "TEST_ARGS: the quote ' is never closed"},
        {"--help", "TEST_ARGS: --help and --version belong on the command line"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        struct cli_parse_result r;
        struct opts o;

        setenv("TEST_ARGS", cases[i][0], 1);
        /* Also where the command line's value is the one that counts. */
        assert_int_equal(parse("-n 2", &o, &r, &err), -1);
        assert_int_equal(err.code, ERR_USAGE);
        assert_string_equal(err.msg, cases[i][1]);
        done(&o, &r);
    }
}

static void
the_command_line_s_words_are_refused_with_their_reason(void **state UNUSED)
{
    static const char *const cases[][2] = {
        {"--old", "--old: is of old"},
        {"--old=x", "--old: is of old"},
        {"-fo", "-o: is of old"},
        {"a:b", "a:b: is no operand here"},
        {"--olf", "unknown option '--olf'"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        struct cli_parse_result r;
        struct opts o;

        assert_int_equal(parse(cases[i][0], &o, &r, &err), -1);
        assert_string_equal(err.msg, cases[i][1]);
        done(&o, &r);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_source_counts_more_than_the_one_before, clear),
        cmocka_unit_test_setup(a_list_of_the_command_line_replaces_that_of_the_variable, clear),
        cmocka_unit_test_setup(variables_may_be_set_before_they_are_read, clear),
        cmocka_unit_test_setup(a_value_may_have_another_name_here, clear),
        cmocka_unit_test_setup(what_is_wrong_in_the_variable_is_named_by_it, clear),
        cmocka_unit_test_setup(the_command_line_s_words_are_refused_with_their_reason, clear),
    };

    return cmocka_run_group_tests_name("base/cli_habits", tests, NULL, NULL);
}
