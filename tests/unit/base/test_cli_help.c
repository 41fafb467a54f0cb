/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cli_wrap.h"
#include "demo_program.h"

enum { HELP_MAX = 64 * 1024 };

static void
assert_narrow(struct str text)
{
    while (text.p != NULL)
        assert_true(cli_wrap_columns(str_cut(&text, '\n')) <= CLI_WRAP_WIDTH);
}

static void
a_commands_help_shows_all_that_the_table_knows(void **state UNUSED)
{
    cleanup_buf struct buf out = BUF_INIT(HELP_MAX);

    cli_help_command(&demo_program, &demo_pull, &out);
    assert_string_equal(
        buf_cstr(&out),
        "Usage: demo pull [OPTION]... IMAGE [LAYOUT]\n"
        "\n"
        "Fetch an image.\n"
        "\n"
        "Options:\n"
        "  -f, --force               Don't ask; use `*stars*`, [brackets], under_scores\n"
        "                            and C:\\paths | pipes.\n"
        "  -p, --platform OS/ARCH    Platform of the image, in words that are many enough\n"
        "                            to need a second line in the help.\n"
        "                            [env: DEMO_PLATFORM]\n"
        "  -j, --jobs N              Layers at once. [from 1 to 64] [default: 4]\n"
        "                            [env: DEMO_JOBS]\n"
        "  --cpus CPUS               CPUs. [above 0]\n"
        "  -e, --env NAME=VALUE      Variable. [repeatable]\n"
        "  --format text|json|sarif  Format. [default: text]\n"
        "  -h, --help                Show this help.\n"
        "  --version                 Show the version and build choices.\n"
        "\n"
        "The first paragraph is written in two lines.\n"
        "\n"
        "  demo pull busybox\n"
        "  demo pull --jobs 2 busybox\n"
        "\n"
        "The last one_with_marks.\n");
    assert_narrow(buf_view(&out));
}

static void
a_programs_help_lists_its_commands(void **state UNUSED)
{
    cleanup_buf struct buf out = BUF_INIT(HELP_MAX);

    cli_help_program(&demo_fallback, &out);
    assert_string_equal(buf_cstr(&out),
                        "Usage: demo [COMMAND] [OPTION]...\n"
                        "\n"
                        "Moves images about.\n"
                        "\n"
                        "Commands:\n"
                        "  pull                      fetch an image\n"
                        "  exec                      become a command\n"
                        "  help [COMMAND]            show the help of a command\n"
                        "  completion bash|zsh|fish  print a completion script for a shell\n"
                        "\n"
                        "Options:\n"
                        "  -h, --help  Show this help.\n"
                        "  --version   Show the version and build choices.\n"
                        "\n"
                        "'demo COMMAND --help' shows the options of a command.\n"
                        "Without a command, 'pull' is meant.\n");
}

static void
a_program_without_commands_shows_its_options(void **state UNUSED)
{
    cleanup_buf struct buf out = BUF_INIT(HELP_MAX);

    cli_help_program(&demo_only, &out);
    assert_true(str_starts(buf_view(&out), "Usage: demod [OPTION]...\n\nServes images.\n"));
    assert_non_null(strstr(buf_cstr(&out), "\n  -j, --jobs N "));
    assert_null(strstr(buf_cstr(&out), "Commands:"));
}

static void
an_own_letter_h_or_help_leaves_ours_out(void **state UNUSED)
{
    static const struct cli_opt table[] = {
        {.name = "host", .letter = 'h', .type = CLI_STR, .arg = "HOST", .help = "Host."},
        {.name = "version", .type = CLI_FLAG, .help = "Own."},
        {.name = NULL}};
    static const struct cli_cmd cmd = {.name = "x", .operands = "", .opts = table};
    struct cli_opt builtin[CLI_HELP_BUILTIN_MAX];

    cli_help_builtin(&cmd, builtin);
    assert_string_equal(builtin[0].name, "help");
    assert_int_equal(builtin[0].letter, 0);
    assert_null(builtin[1].name);
}

static void
long_names_and_words_do_not_break_the_columns(void **state UNUSED)
{
    static const struct cli_opt table[] = {
        {.name = "a-name-that-is-longer-than-its-column",
         .type = CLI_STR,
         .arg = "VALUE",
         .help =
             "https://example.com/an/address/that/is/longer/than/the/second/column/is/wide end"},
        {.name = NULL}};
    static const struct cli_cmd cmd = {.name = "x", .summary = "x", .operands = "", .opts = table};
    cleanup_buf struct buf out = BUF_INIT(HELP_MAX);

    cli_help_command(&demo_program, &cmd, &out);
    assert_non_null(strstr(buf_cstr(&out), "  --a-name-that-is-longer-than-its-column VALUE\n"
                                           "              https://example.com/an/address/that/is/"
                                           "longer/than/the/second/column/is/wide\n"
                                           "              end\n"));
}

static void
columns_are_counted_in_characters(void **state UNUSED)
{
    cleanup_buf struct buf out = BUF_INIT(HELP_MAX);

    assert_int_equal(cli_wrap_columns(STR_LIT("gr\xc3\xbc\xc3\x9f")), 4);
    cli_wrap_words(STR_LIT("  a   b\t"), 0, 0, &out);
    assert_string_equal(buf_cstr(&out), "a b\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commands_help_shows_all_that_the_table_knows),
        cmocka_unit_test(a_programs_help_lists_its_commands),
        cmocka_unit_test(a_program_without_commands_shows_its_options),
        cmocka_unit_test(an_own_letter_h_or_help_leaves_ours_out),
        cmocka_unit_test(long_names_and_words_do_not_break_the_columns),
        cmocka_unit_test(columns_are_counted_in_characters),
    };

    return cmocka_run_group_tests_name("base/cli_help", tests, NULL, NULL);
}
