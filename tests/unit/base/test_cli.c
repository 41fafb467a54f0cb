/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/capture.h"

enum { ARGS_MAX = 24, TEXT_MAX = 256 };

struct pull_opts {
    bool force;
    const char *platform;
    uint64_t jobs;
    double cpus;
    struct cli_list env;
    const char *format;
    uint64_t port;
};

static const struct cli_opt pull_table[] = {
    {"force", 'f', CLI_FLAG, offsetof(struct pull_opts, force), NULL, "Overwrite.", 0, 0,
     "TEST_FORCE"},
    {"platform", 'p', CLI_STR, offsetof(struct pull_opts, platform), "OS/ARCH", "Platform.", 0, 0,
     "TEST_PLATFORM"},
    {"jobs", 'j', CLI_UINT, offsetof(struct pull_opts, jobs), "N", "Jobs.", 1, 64, "TEST_JOBS"},
    {"cpus", 0, CLI_DECIMAL, offsetof(struct pull_opts, cpus), "CPUS", "CPUs.", 0, 16, "TEST_CPUS"},
    {"env", 'e', CLI_LIST, offsetof(struct pull_opts, env), "NAME=VALUE", "Variable.", 0, 0, NULL},
    {"format", 0, CLI_CHOICE, offsetof(struct pull_opts, format), "text|json|sarif", "Format.", 0,
     0, "TEST_FORMAT"},
    {"port", 0, CLI_UINT, offsetof(struct pull_opts, port), "PORT", "Port.", 0, 0, NULL},
    {.name = NULL}};

static const struct cli_cmd pull = {.name = "pull",
                                    .operands = "IMAGE [LAYOUT]",
                                    .max_operands = 2,
                                    .opts = pull_table,
                                    .opts_size = sizeof(struct pull_opts)};

static const struct cli_cmd exec_cmd = {.name = "exec",
                                        .operands = "COMMAND...",
                                        .min_operands = 1,
                                        .max_operands = UINT_MAX,
                                        .stop_at_operand = true,
                                        .opts = pull_table,
                                        .opts_size = sizeof(struct pull_opts)};

/* A command line as one string, cut at blanks; '_' stands for an empty word. */
struct line {
    char text[TEXT_MAX];
    char *argv[ARGS_MAX + 1];
    int argc;
};

static void
line_init(struct line *l, const char *text)
{
    char *rest = l->text;

    assert_true(strlen(text) < sizeof(l->text));
    memcpy(l->text, text, strlen(text) + 1);
    l->argc = 0;
    while (rest != NULL && *rest != '\0') {
        char *word = strsep(&rest, " ");

        assert_true(l->argc < ARGS_MAX);
        if (strcmp(word, "_") == 0)
            *word = '\0';
        l->argv[l->argc++] = word;
    }
    l->argv[l->argc] = NULL;
}

static int
parse(const struct cli_cmd *cmd, struct line *l, const char *text, struct pull_opts *o, int *n,
      char ***operands, struct err *err)
{
    line_init(l, text);
    memset(o, 0, sizeof(*o));
    return cli_parse(cmd, l->argc, l->argv, o, n, operands, err);
}

static void
every_spelling_of_an_option_gives_its_value(void **state UNUSED)
{
    static const char *const lines[] = {
        "pull -f -j 8 -p linux/arm64 --cpus 0.25 --format json image",
        "pull --force --jobs 8 --platform linux/arm64 --cpus=.25 --format=json image",
        "pull -fj8 -plinux/arm64 --cpus=0.250 --format json image",
        "pull image --jobs=8 -fp linux/arm64 --format json --cpus 0.25",
        "pull --jobs 1 -f --jobs 8 -p x -p linux/arm64 --cpus 1 --cpus 0.25 --format json -- image",
    };

    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct err err = ERR_INIT;
        struct pull_opts o;
        struct line l;
        char **operands = NULL;
        int n = 0;

        assert_int_equal(parse(&pull, &l, lines[i], &o, &n, &operands, &err), 0);
        assert_true(o.force);
        assert_int_equal(o.jobs, 8);
        assert_string_equal(o.platform, "linux/arm64");
        assert_true(o.cpus == 0.25);
        assert_string_equal(o.format, "json");
        assert_int_equal(n, 1);
        assert_string_equal(operands[0], "image");
        assert_null(operands[1]);
    }
}

static void
a_list_gathers_its_values_in_order(void **state UNUSED)
{
    struct err err = ERR_INIT;
    struct pull_opts o;
    struct line l;
    char **operands;
    int n;

    assert_int_equal(parse(&pull, &l, "pull -e A=1 x --env=B= -eC", &o, &n, &operands, &err), 0);
    assert_int_equal(o.env.n, 3);
    assert_string_equal(o.env.v[0], "A=1");
    assert_string_equal(o.env.v[1], "B=");
    assert_string_equal(o.env.v[2], "C");
    cli_lists_done(&pull, &o);
    assert_null(o.env.v);
    assert_int_equal(o.env.n, 0);
}

static void
a_default_list_is_replaced_and_never_freed(void **state UNUSED)
{
    static const char *words[] = {"default"};
    static const struct pull_opts defaults = {.env = {words, 1}};
    struct cli_cmd cmd = pull;
    struct err err = ERR_INIT;
    struct pull_opts o = defaults;
    struct line l;
    char **operands;
    int n;

    cmd.defaults = &defaults;
    line_init(&l, "pull x");
    assert_int_equal(cli_parse(&cmd, l.argc, l.argv, &o, &n, &operands, &err), 0);
    assert_string_equal(o.env.v[0], "default");
    cli_lists_done(&cmd, &o);
    o = defaults;
    line_init(&l, "pull -e mine x");
    assert_int_equal(cli_parse(&cmd, l.argc, l.argv, &o, &n, &operands, &err), 0);
    assert_int_equal(o.env.n, 1);
    assert_string_equal(o.env.v[0], "mine");
    cli_lists_done(&cmd, &o);
}

static void
options_end_at_the_first_operand_where_the_command_says_so(void **state UNUSED)
{
    static const char *const lines[] = {"exec -f ls -l --force", "exec -f -- ls -l --force"};

    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct err err = ERR_INIT;
        struct pull_opts o;
        struct line l;
        char **operands;
        int n;

        assert_int_equal(parse(&exec_cmd, &l, lines[i], &o, &n, &operands, &err), 0);
        assert_true(o.force);
        assert_int_equal(n, 3);
        assert_string_equal(operands[0], "ls");
        assert_string_equal(operands[1], "-l");
        assert_string_equal(operands[2], "--force");
    }
}

static void
a_dash_alone_and_what_follows_two_dashes_are_operands(void **state UNUSED)
{
    struct err err = ERR_INIT;
    struct pull_opts o;
    struct line l;
    char **operands;
    int n;

    assert_int_equal(parse(&pull, &l, "pull - -- --force", &o, &n, &operands, &err), 0);
    assert_false(o.force);
    assert_int_equal(n, 2);
    assert_string_equal(operands[0], "-");
    assert_string_equal(operands[1], "--force");
}

static void
wrong_lines_are_refused_with_option_and_remedy(void **state UNUSED)
{
    static const struct {
        const char *line;
        const char *want;
    } cases[] = {
        {"pull --jobs 0", "--jobs: '0' is not a whole number from 1 to 64"},
        {"pull --jobs=65", "--jobs: '65' is not a whole number from 1 to 64"},
        {"pull -j x", "--jobs: 'x' is not a whole number from 1 to 64"},
        {"pull -j -1", "--jobs: '-1' is not a whole number from 1 to 64"},
        {"pull --jobs=", "--jobs: '' is not a whole number from 1 to 64"},
        {"pull --port 18446744073709551616",
         "--port: '18446744073709551616' is not a whole number"},
        {"pull --cpus 1e9", "--cpus: '1e9' is not a number above 0, at most 16"},
        {"pull --cpus 16.5", "--cpus: '16.5' is not a number above 0, at most 16"},
        {"pull --cpus 0", "--cpus: '0' is not a number above 0, at most 16"},
        {"pull --cpus 0.0", "--cpus: '0.0' is not a number above 0, at most 16"},
        {"pull --cpus nan", "--cpus: 'nan' is not a number above 0, at most 16"},
        {"pull --format jsn", "--format: 'jsn' is none of text|json|sarif: did you mean 'json'?"},
        {"pull --format xml", "--format: 'xml' is none of text|json|sarif"},
        {"pull --format text|json", "--format: 'text|json' is none of text|json|sarif"},
        {"pull --format _", "--format: '' is none of text|json|sarif"},
        {"pull --jobs", "--jobs needs a value: --jobs N"},
        {"pull -j", "--jobs needs a value: --jobs N"},
        {"pull --force=1", "--force takes no value"},
        {"pull --jbos 3", "unknown option '--jbos': did you mean '--jobs'?"},
        {"pull --frce=3", "unknown option '--frce': did you mean '--force'?"},
        {"pull --nothing-like-it", "unknown option '--nothing-like-it'"},
        {"pull -z", "unknown option '-z'"},
        {"pull -fz", "unknown option '-z'"},
        {"pull --help", "unknown option '--help'"},
        {"pull --p x", "option '--p' is not clear: write '--platform' or another one in full"},
        {"pull a b c", "unexpected operand 'c': want IMAGE [LAYOUT]"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        struct pull_opts o;
        struct line l;
        char **operands = NULL;
        int n = 77;

        assert_int_equal(parse(&pull, &l, cases[i].line, &o, &n, &operands, &err), -1);
        assert_string_equal(err.msg, cases[i].want);
        assert_int_equal(err.code, ERR_USAGE);
        assert_int_equal(n, 77);
        assert_null(operands);
        cli_lists_done(&pull, &o);
    }
}

static void
missing_and_unwanted_operands_are_told_apart(void **state UNUSED)
{
    static const struct cli_opt none[] = {{.name = NULL}};
    static const struct cli_cmd bare = {.name = "bare", .operands = "", .opts = none};
    struct err err = ERR_INIT;
    struct pull_opts o;
    struct line l;
    char **operands;
    int n;

    assert_int_equal(parse(&exec_cmd, &l, "exec -f", &o, &n, &operands, &err), -1);
    assert_string_equal(err.msg, "missing operand: want COMMAND...");
    assert_int_equal(parse(&bare, &l, "bare x", &o, &n, &operands, &err), -1);
    assert_string_equal(err.msg, "unexpected operand 'x': options only");
    assert_int_equal(parse(&bare, &l, "bare", &o, &n, &operands, &err), 0);
    assert_int_equal(n, 0);
}

static void
the_environment_gives_what_the_line_does_not(void **state UNUSED)
{
    struct err err = ERR_INIT;
    struct pull_opts o;
    struct line l;
    char **operands;
    int n;

    setenv("TEST_JOBS", "7", 1);
    setenv("TEST_CPUS", "0.5", 1);
    setenv("TEST_PLATFORM", "", 1);
    setenv("TEST_FORCE", "Yes", 1);
    assert_int_equal(parse(&pull, &l, "pull --cpus 2", &o, &n, &operands, &err), 0);
    assert_int_equal(o.jobs, 7);
    assert_true(o.cpus == 2);
    assert_null(o.platform); /* empty is the same as unset */
    assert_true(o.force);
    setenv("TEST_FORCE", "off", 1);
    assert_int_equal(parse(&pull, &l, "pull", &o, &n, &operands, &err), 0);
    assert_false(o.force);
    unsetenv("TEST_JOBS");
    unsetenv("TEST_CPUS");
    unsetenv("TEST_PLATFORM");
    unsetenv("TEST_FORCE");
}

static void
errors_from_the_environment_name_the_variable(void **state UNUSED)
{
    static const struct {
        const char *name;
        const char *value;
        const char *want;
    } cases[] = {
        {"TEST_JOBS", "65", "TEST_JOBS: '65' is not a whole number from 1 to 64"},
        {"TEST_CPUS", "-1", "TEST_CPUS: '-1' is not a number above 0, at most 16"},
        {"TEST_FORMAT", "xml", "TEST_FORMAT: 'xml' is none of text|json|sarif"},
        {"TEST_FORCE", "maybe", "TEST_FORCE: 'maybe' is neither 1 nor 0"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        struct pull_opts o;
        struct line l;
        char **operands;
        int n;

        setenv(cases[i].name, cases[i].value, 1);
        assert_int_equal(parse(&pull, &l, "pull", &o, &n, &operands, &err), -1);
        assert_string_equal(err.msg, cases[i].want);
        unsetenv(cases[i].name);
    }
}

static void
parsing_can_be_repeated_even_after_a_line_left_in_the_middle(void **state UNUSED)
{
    struct err err = ERR_INIT;
    struct pull_opts o;
    struct line l;
    char **operands;
    int n;

    for (int i = 0; i < 3; i++) {
        assert_int_equal(parse(&pull, &l, "pull -fzj3 -f", &o, &n, &operands, &err), -1);
        assert_string_equal(err.msg, "unknown option '-z'");
        assert_int_equal(parse(&exec_cmd, &l, "exec -j3 ls", &o, &n, &operands, &err), 0);
        assert_int_equal(o.jobs, 3);
        assert_int_equal(n, 1);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_of_an_option_gives_its_value),
        cmocka_unit_test(a_list_gathers_its_values_in_order),
        cmocka_unit_test(a_default_list_is_replaced_and_never_freed),
        cmocka_unit_test(options_end_at_the_first_operand_where_the_command_says_so),
        cmocka_unit_test(a_dash_alone_and_what_follows_two_dashes_are_operands),
        cmocka_unit_test(wrong_lines_are_refused_with_option_and_remedy),
        cmocka_unit_test(missing_and_unwanted_operands_are_told_apart),
        cmocka_unit_test(the_environment_gives_what_the_line_does_not),
        cmocka_unit_test(errors_from_the_environment_name_the_variable),
        cmocka_unit_test(parsing_can_be_repeated_even_after_a_line_left_in_the_middle),
    };

    return cmocka_run_group_tests_name("base/cli", tests, NULL, NULL);
}
