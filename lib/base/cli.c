/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cli_complete.h"
#include "base/cli_help.h"
#include "base/cli_parse.h"
#include "base/cli_scdoc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

enum { OUTPUT_MAX = 1024 * 1024, COMMANDS_MAX = 64, STATUS_FAILED = 1, STATUS_USAGE = 2 };

/* The commands that come with every program. */
struct builtin {
    const char *name;
    const char *operands;
    const char *summary;
    int max_operands;
    int (*write)(const struct cli_program *program, const char *operand, struct buf *out,
                 struct err *err);
};

static const struct cli_cmd *
find_command(const struct cli_program *program, const char *name)
{
    for (const struct cli_cmd *const *c = program->commands; *c != NULL; c++) {
        if ((*c)->name != NULL && strcmp((*c)->name, name) == 0)
            return *c;
    }
    return NULL;
}

static int
write_help(const struct cli_program *program, const char *operand, struct buf *out, struct err *err)
{
    const struct cli_cmd *cmd = operand != NULL ? find_command(program, operand) : NULL;

    if (operand != NULL && cmd == NULL)
        return err_set(err, ERR_USAGE, "help: unknown command '%s'", operand);
    if (cmd != NULL)
        cli_help_command(program, cmd, out);
    else
        cli_help_program(program, out);
    return 0;
}

static int
write_completion(const struct cli_program *program, const char *operand, struct buf *out,
                 struct err *err)
{
    if (operand == NULL || !cli_complete_write(program, operand, out))
        return err_set(err, ERR_USAGE, "completion: want bash, zsh or fish");
    return 0;
}

static int
write_scdoc(const struct cli_program *program, const char *operand UNUSED, struct buf *out,
            struct err *err UNUSED)
{
    cli_scdoc_write(program, out);
    return 0;
}

static const struct builtin builtins[] = {
    {"help", "[COMMAND]", "Show the help of the program or of a command", 1, write_help},
    {"completion", "bash|zsh|fish", "Print a completion script for a shell", 1, write_completion},
    {"scdoc", "", "Print commands and options for the man page, in scdoc's syntax", 0, write_scdoc},
};

static const struct builtin *
find_builtin(const struct cli_program *program, const char *name)
{
    if (find_command(program, name) != NULL)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(builtins); i++) {
        if (strcmp(builtins[i].name, name) == 0)
            return &builtins[i];
    }
    return NULL;
}

/* Prints what was made, unless it did not fit, which is a defect of the tables. */
static int
print_buf(const struct buf *out, FILE *to, struct err *err)
{
    if (buf_finish(out, err) < 0)
        return err_wrap(err, "help");
    /* Whether it arrived is asked once, at the end of cli_main(). */
    (void)fwrite(buf_cstr(out), 1, out->n, to);
    return 0;
}

static int
run_builtin(const struct cli_program *program, const struct builtin *b, int n, char **operands,
            struct err *err)
{
    cleanup_buf struct buf out = BUF_INIT(OUTPUT_MAX);

    if (n > 0 && (strcmp(operands[0], "--help") == 0 || strcmp(operands[0], "-h") == 0)) {
        buf_appendf(&out, "Usage: %s %s%s%s\n\n%s.\n", program->name, b->name,
                    b->operands[0] != '\0' ? " " : "", b->operands, b->summary);
        return print_buf(&out, stdout, err);
    }
    if (n > b->max_operands)
        return err_set(err, ERR_USAGE, "%s: unexpected operand '%s'", b->name,
                       operands[b->max_operands]);
    if (b->write(program, operands[0], &out, err) < 0)
        return -1;
    return print_buf(&out, stdout, err);
}

static int
run_command(const struct cli_program *program, const struct cli_cmd *cmd, int argc, char **argv,
            struct err *err)
{
    cleanup_buf struct buf out = BUF_INIT(OUTPUT_MAX);
    cleanup_free void *opts = mem_alloc(cmd->opts_size);
    struct cli_parse_result parsed;
    int status;

    if (cmd->defaults != NULL)
        memcpy(opts, cmd->defaults, cmd->opts_size);
    status = cli_parse_line(cmd, argc, argv, true, opts, &parsed, err);
    if (status == 0) {
        switch (parsed.ask) {
        case CLI_PARSE_HELP:
            cli_help_command(program, cmd, &out);
            status = print_buf(&out, stdout, err);
            break;
        case CLI_PARSE_VERSION:
            buf_append_str(&out, program->version);
            if (!str_ends(buf_view(&out), "\n"))
                buf_append_char(&out, '\n');
            status = print_buf(&out, stdout, err);
            break;
        case CLI_PARSE_RUN:
            status = cmd->run(opts, parsed.n_operands, parsed.operands, err);
            break;
        }
    }
    cli_lists_done(cmd, opts);
    cli_words_done(&parsed.args);
    return status;
}

static int
refuse_command(const struct cli_program *program, const char *name, struct err *err)
{
    const char *candidates[COMMANDS_MAX + ARRAY_LEN(builtins) + 1] = {NULL};
    const char *near;
    size_t n = 0;

    for (const struct cli_cmd *const *c = program->commands; *c != NULL && n < COMMANDS_MAX; c++)
        candidates[n++] = (*c)->name;
    for (size_t i = 0; i < ARRAY_LEN(builtins); i++)
        candidates[n++] = builtins[i].name;
    near = str_nearest(name, candidates);
    if (near != NULL)
        return err_set(err, ERR_USAGE, "unknown command '%s': did you mean '%s'?", name, near);
    return err_set(err, ERR_USAGE, "unknown command '%s'", name);
}

/* What --help and --version mean before any command. */
static int
run_program_option(const struct cli_program *program, int argc, char **argv, struct err *err)
{
    static const struct cli_opt no_opts[] = {{.name = NULL}};
    static const struct cli_cmd none = {.operands = "a command",
                                        .min_operands = 1,
                                        .max_operands = 1,
                                        .opts = no_opts,
                                        .opts_size = 1};
    cleanup_buf struct buf out = BUF_INIT(OUTPUT_MAX);
    struct cli_parse_result parsed;
    char unused;

    if (cli_parse_line(&none, argc, argv, true, &unused, &parsed, err) < 0)
        return -1;
    if (parsed.ask == CLI_PARSE_RUN)
        return err_set(err, ERR_USAGE, "options go behind the command: %s %s ...", program->name,
                       parsed.operands[0]);
    if (parsed.ask == CLI_PARSE_HELP)
        cli_help_program(program, &out);
    else
        buf_append_str(&out, program->version);
    if (!str_ends(buf_view(&out), "\n"))
        buf_append_char(&out, '\n');
    return print_buf(&out, stdout, err);
}

/* No argument at all asks for nothing: the help goes where messages go. */
static int
run_nothing(const struct cli_program *program, struct err *err)
{
    cleanup_buf struct buf out = BUF_INIT(OUTPUT_MAX);

    cli_help_program(program, &out);
    return print_buf(&out, stderr, err) < 0 ? -1 : STATUS_USAGE;
}

static bool
asks_about_program(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0 ||
           strcmp(argument, "--version") == 0;
}

/* Chooses the command.  *used is the one whose help an error should point at. */
static int
dispatch(const struct cli_program *program, int argc, char **argv, const struct cli_cmd **used,
         struct err *err)
{
    const char *first = argc > 1 ? argv[1] : NULL;
    const struct builtin *b = first != NULL ? find_builtin(program, first) : NULL;
    const struct cli_cmd *cmd = cli_help_only_command(program);

    if (b != NULL)
        return run_builtin(program, b, argc - 2, argv + 2, err);
    if (cmd == NULL && first != NULL && first[0] == '-' &&
        (program->fallback == NULL || asks_about_program(first)))
        return run_program_option(program, argc, argv, err);
    if (cmd == NULL && (first == NULL || first[0] == '-'))
        cmd = program->fallback;
    if (cmd != NULL) {
        *used = cmd;
        return run_command(program, cmd, argc, argv, err);
    }
    if (first == NULL)
        return run_nothing(program, err);
    cmd = find_command(program, first);
    if (cmd == NULL)
        return refuse_command(program, first, err);
    *used = cmd;
    return run_command(program, cmd, argc - 1, argv + 1, err);
}

static void
report(const struct cli_program *program, const struct cli_cmd *used, const struct err *err)
{
    const char *name = used != NULL ? used->name : NULL;

    if (err->code == ERR_USAGE)
        log_error("%s (try '%s%s%s --help')", err->msg, program->name, name != NULL ? " " : "",
                  name != NULL ? name : "");
    else
        log_error("%s", err->msg);
}

/* A result that did not reach its reader (a full disk, a closed descriptor) is a failure. */
static int
check_stdout(int status)
{
    struct err err = ERR_INIT;

    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    err_sys(&err, "write standard output");
    log_error("%s", err.msg);
    clearerr(stdout);
    return STATUS_FAILED;
}

/* A file that a program opens may not become its standard output because that was closed.  What
 * takes the place refuses to be used, so that errors stay errors. */
static void
occupy_standard_fds(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            return;
    }
}

int
cli_main(const struct cli_program *program, int argc, char **argv)
{
    struct err err = ERR_INIT;
    const struct cli_cmd *used = NULL;
    int status;

    occupy_standard_fds();
    log_init(program->name, LOG_LEVEL_INFO, false);
    status = dispatch(program, argc, argv, &used, &err);
    if (status < 0) {
        if (err.code == ERR_NONE)
            err_set(&err, ERR_INTERNAL, "failed without a reason");
        report(program, used, &err);
        status = err_exit_status(&err);
    }
    return check_stdout(status);
}
