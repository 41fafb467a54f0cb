/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli_complete.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "demo_program.h"

enum { SCRIPT_MAX = 64 * 1024 };

/* Feeds input to a program and gives its standard output; false when the program is not there. */
static bool
pipe_through(const char *const *argv, struct str input, struct buf *out, int *status)
{
    struct err err = ERR_INIT;
    int in[2], back[2];
    pid_t child;

    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(back), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(back[1], STDOUT_FILENO);
        close(in[1]);
        close(back[0]);
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    close(in[0]);
    close(back[1]);
    assert_int_equal(fs_write_fd(in[1], "pipe", input.p, input.n, &err), 0);
    close(in[1]);
    assert_int_equal(fs_read_fd(back[0], "pipe", out, &err), 0);
    close(back[0]);
    assert_int_equal(waitpid(child, status, 0), child);
    return !(WIFEXITED(*status) && WEXITSTATUS(*status) == 127);
}

static bool
is_installed(const char *program)
{
    const char *const argv[] = {"sh", "-c", "command -v \"$1\"", "sh", program, NULL};
    cleanup_buf struct buf out = BUF_INIT(SCRIPT_MAX);
    int status = 0;

    return pipe_through(argv, STR_LIT(""), &out, &status) && status == 0;
}

/* What bash offers for words, the last of which is being typed, as one line. */
static void
complete_in_bash(const struct cli_program *program, const char *words, struct buf *out)
{
    static const char *const argv[] = {"bash", "--norc", NULL};
    cleanup_buf struct buf script = BUF_INIT(SCRIPT_MAX);
    int status = 0;

    assert_true(cli_complete_write(program, "bash", &script));
    buf_appendf(&script, "COMP_WORDS=(%s)\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n", words);
    buf_append_str(&script, "set -eu\n");
    cli_complete_append_function(program, &script);
    buf_append_str(&script, "\nprintf '%s' \"${COMPREPLY[*]}\"\n");
    assert_true(pipe_through(argv, buf_view(&script), out, &status));
    assert_int_equal(status, 0);
}

static void
bash_completes_commands_options_and_words(void **state UNUSED)
{
    static const struct {
        const struct cli_program *program;
        const char *words;
        const char *want;
    } cases[] = {
        {&demo_program, "demo ''", "pull exec help completion"},
        {&demo_program, "demo p", "pull"},
        {&demo_program, "demo -", "--help --version"},
        {&demo_program, "demo pull --f", "--force --format"},
        {&demo_program, "demo pull --format ''", "text json sarif"},
        {&demo_program, "demo pull --format j", "json"},
        {&demo_program, "demo pull --format = s", "sarif"},
        {&demo_program, "demo pull --format =", "text json sarif"},
        {&demo_program, "demo pull --jobs ''", ""},
        {&demo_program, "demo pull -j ''", ""},
        {&demo_program, "demo pull ''", ""},
        {&demo_program, "demo help e", "exec"},
        {&demo_program, "demo completion ''", "bash zsh fish"},
        {&demo_fallback, "demo --pl", "--platform"},
        {&demo_fallback, "demo --format ''", "text json sarif"},
        {&demo_only, "demod --fo", "--force --format"},
        {&demo_only, "demod --format ''", "text json sarif"},
        {&demo_only, "demod ''", "help completion"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_buf struct buf got = BUF_INIT(SCRIPT_MAX);

        complete_in_bash(cases[i].program, cases[i].words, &got);
        assert_string_equal(buf_cstr(&got), cases[i].want);
    }
}

static void
the_scripts_name_every_option(void **state UNUSED)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};

    for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
        cleanup_buf struct buf out = BUF_INIT(SCRIPT_MAX);

        assert_true(cli_complete_write(&demo_program, shells[i], &out));
        for (const struct cli_opt *o = demo_table; o->name != NULL; o++)
            assert_non_null(strstr(buf_cstr(&out), o->name));
    }
}

static void
no_other_shell_is_known(void **state UNUSED)
{
    cleanup_buf struct buf out = BUF_INIT(SCRIPT_MAX);

    assert_false(cli_complete_write(&demo_program, "tcsh", &out));
    assert_false(cli_complete_write(&demo_program, "", &out));
    assert_int_equal(out.n, 0);
}

/* The shells themselves judge the syntax, where they are installed. */
static void
zsh_and_fish_accept_their_scripts(void **state UNUSED)
{
    static const struct cli_program *const programs[] = {&demo_program, &demo_fallback, &demo_only};
    static const char *const shells[] = {"zsh", "fish"};

    for (size_t i = 0; i < ARRAY_LEN(shells) * ARRAY_LEN(programs); i++) {
        const char *shell = shells[i / ARRAY_LEN(programs)];
        const char *const argv[] = {shell, "-n", "/dev/stdin", NULL};
        cleanup_buf struct buf script = BUF_INIT(SCRIPT_MAX);
        cleanup_buf struct buf out = BUF_INIT(SCRIPT_MAX);
        int status = 0;

        if (!is_installed(shell))
            continue;
        assert_true(cli_complete_write(programs[i % ARRAY_LEN(programs)], shell, &script));
        assert_true(pipe_through(argv, buf_view(&script), &out, &status));
        assert_int_equal(status, 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bash_completes_commands_options_and_words),
        cmocka_unit_test(the_scripts_name_every_option),
        cmocka_unit_test(no_other_shell_is_known),
        cmocka_unit_test(zsh_and_fish_accept_their_scripts),
    };

    return cmocka_run_group_tests_name("base/cli_complete", tests, NULL, NULL);
}
