/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>

#include "demo_program.h"
#include "tests/support/capture.h"

enum { CAUGHT_MAX = 256 * 1024, ARGS_MAX = 16 };

struct outcome {
    int status;
    struct buf out;
    struct buf err;
};

static void
outcome_done(struct outcome *o)
{
    buf_done(&o->out);
    buf_done(&o->err);
}

#define cleanup_outcome __attribute__((cleanup(outcome_done)))

/* Runs a command line, cut at blanks. */
static struct outcome
run(const struct cli_program *program, const char *line)
{
    struct outcome o = {0, BUF_INIT(CAUGHT_MAX), BUF_INIT(CAUGHT_MAX)};
    struct capture out, err;
    char text[256];
    char *argv[ARGS_MAX + 1];
    char *rest = text;
    int argc = 0;

    assert_true(strlen(line) < sizeof(text));
    memcpy(text, line, strlen(line) + 1);
    while (rest != NULL && argc < ARGS_MAX)
        argv[argc++] = strsep(&rest, " ");
    argv[argc] = NULL;
    capture_start(&out, STDOUT_FILENO);
    capture_start(&err, STDERR_FILENO);
    o.status = cli_main(program, argc, argv);
    capture_stop(&err, &o.err);
    capture_stop(&out, &o.out);
    return o;
}

static void
each_line_ends_with_its_status_and_says_why(void **state UNUSED)
{
    static const struct {
        const struct cli_program *program;
        const char *line;
        int status;
        const char *out; /* whole */
        const char *err; /* whole */
    } cases[] = {
        {&demo_program, "demo pull x", 0, "jobs=4 format=text x\n", ""},
        {&demo_program, "demo pull x y -j9", 3, "jobs=9 format=text x y\n", ""},
        {&demo_program, "demo exec ls --jobs", 3, "jobs=0 format=- ls --jobs\n", ""},
        {&demo_program, "demo --version", 0, "demo 1.0\nbuilt for tests\n", ""},
        {&demo_program, "demo pull --version", 0, "demo 1.0\nbuilt for tests\n", ""},
        {&demo_program, "demo pull", 2, "",
         "demo: missing operand: want IMAGE [LAYOUT] (try 'demo pull --help')\n"},
        {&demo_program, "demo pul x", 2, "",
         "demo: unknown command 'pul': did you mean 'pull'? (try 'demo --help')\n"},
        {&demo_program, "demo hlep", 2, "",
         "demo: unknown command 'hlep': did you mean 'help'? (try 'demo --help')\n"},
        {&demo_program, "demo frobnicate", 2, "",
         "demo: unknown command 'frobnicate' (try 'demo --help')\n"},
        {&demo_program, "demo --jobs 3 pull", 2, "",
         "demo: unknown option '--jobs' (try 'demo --help')\n"},
        {&demo_program, "demo -- pull", 2, "",
         "demo: options go behind the command: demo pull ... (try 'demo --help')\n"},
        {&demo_program, "demo pull !", 124, "", "demo: no answer\\x0ain time\n"},
        {&demo_program, "demo pull !!", 1, "", "demo: failed without a reason\n"},
        {&demo_program, "demo help nothing", 2, "",
         "demo: help: unknown command 'nothing' (try 'demo --help')\n"},
        {&demo_program, "demo help pull exec", 2, "",
         "demo: help: unexpected operand 'exec' (try 'demo --help')\n"},
        {&demo_program, "demo completion tcsh", 2, "",
         "demo: completion: want bash, zsh or fish (try 'demo --help')\n"},
        {&demo_program, "demo completion", 2, "",
         "demo: completion: want bash, zsh or fish (try 'demo --help')\n"},
        {&demo_fallback, "demo -j3 x", 0, "jobs=3 format=text x\n", ""},
        {&demo_fallback, "demo exec x", 0, "jobs=0 format=- x\n", ""},
        {&demo_fallback, "demo --jbos", 2, "",
         "demo: unknown option '--jbos': did you mean '--jobs'? (try 'demo pull --help')\n"},
        {&demo_fallback, "demo", 2, "",
         "demo: missing operand: want IMAGE [LAYOUT] (try 'demo pull --help')\n"},
        {&demo_fallback, "demo --version", 0, "demo 1.0\n", ""},
        {&demo_only, "demod", 0, "jobs=0 format=-\n", ""},
        {&demo_only, "demod -j 2", 0, "jobs=2 format=-\n", ""},
        {&demo_only, "demod --version", 0, "demod 1.0\n", ""},
        {&demo_only, "demod x", 2, "",
         "demod: unexpected operand 'x': options only (try 'demod --help')\n"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_outcome struct outcome o = run(cases[i].program, cases[i].line);

        assert_string_equal(buf_cstr(&o.err), cases[i].err);
        assert_string_equal(buf_cstr(&o.out), cases[i].out);
        assert_int_equal(o.status, cases[i].status);
    }
}

static void
help_is_a_result_when_asked_for_and_a_message_otherwise(void **state UNUSED)
{
    static const char *const lines[] = {"demo --help", "demo -h", "demo help"};
    cleanup_outcome struct outcome nothing = run(&demo_program, "demo");

    assert_int_equal(nothing.status, 2);
    assert_string_equal(buf_cstr(&nothing.out), "");
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        cleanup_outcome struct outcome o = run(&demo_program, lines[i]);

        assert_int_equal(o.status, 0);
        assert_string_equal(buf_cstr(&o.out), buf_cstr(&nothing.err));
        assert_string_equal(buf_cstr(&o.err), "");
    }
}

static void
the_help_of_a_command_has_four_ways_to_it(void **state UNUSED)
{
    static const char *const lines[] = {"demo pull --help", "demo pull -h", "demo help pull",
                                        "demo pull x --jobs 3 --help"};

    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        cleanup_outcome struct outcome o = run(&demo_program, lines[i]);

        assert_int_equal(o.status, 0);
        assert_true(str_starts(buf_view(&o.out), "Usage: demo pull [OPTION]... IMAGE [LAYOUT]\n"));
    }
}

static void
the_commands_that_come_with_every_program_have_help_too(void **state UNUSED)
{
    static const char *const lines[] = {"demo help --help", "demo completion --help",
                                        "demo scdoc -h", "demod completion --help"};

    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        cleanup_outcome struct outcome o =
            run(lines[i][4] == 'd' ? &demo_only : &demo_program, lines[i]);

        assert_int_equal(o.status, 0);
        assert_true(str_starts(buf_view(&o.out), "Usage: demo"));
    }
}

/* Runs with standard output leading to a descriptor; -1 closes it. */
static int
status_with_stdout(int fd, struct buf *err_text)
{
    static char *argv[] = {"demo", "pull", "x", NULL};
    struct capture err;
    int saved, status;

    fflush(stdout);
    saved = dup(STDOUT_FILENO);
    capture_start(&err, STDERR_FILENO);
    if (fd >= 0)
        dup2(fd, STDOUT_FILENO);
    else
        close(STDOUT_FILENO);
    status = cli_main(&demo_program, 3, argv);
    capture_stop(&err, err_text);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    return status;
}

static void
a_result_that_cannot_be_written_is_a_failure(void **state UNUSED)
{
    cleanup_buf struct buf text = BUF_INIT(CAUGHT_MAX);
    cleanup_fd int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

    assert_true(full >= 0);
    assert_int_equal(status_with_stdout(full, &text), 1);
    assert_string_equal(buf_cstr(&text), "demo: write standard output: No space left on device\n");
    buf_clear(&text);
    assert_int_equal(status_with_stdout(-1, &text), 1);
    assert_string_equal(buf_cstr(&text), "demo: write standard output: Bad file descriptor\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_ends_with_its_status_and_says_why),
        cmocka_unit_test(help_is_a_result_when_asked_for_and_a_message_otherwise),
        cmocka_unit_test(the_help_of_a_command_has_four_ways_to_it),
        cmocka_unit_test(the_commands_that_come_with_every_program_have_help_too),
        cmocka_unit_test(a_result_that_cannot_be_written_is_a_failure),
    };

    return cmocka_run_group_tests_name("base/cli main", tests, NULL, NULL);
}
