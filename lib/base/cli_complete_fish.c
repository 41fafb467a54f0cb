/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli_complete.h"

#include "base/buf.h"
#include "base/cli.h"
#include "base/cli_help.h"
#include "base/cli_value.h"

/* Inside '...' fish knows \' and \\ only. */
static void
append_quoted(const char *text, struct buf *out)
{
    buf_append_char(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            buf_append_char(out, '\\');
        buf_append_char(out, *text);
    }
    buf_append_char(out, '\'');
}

static void
append_option(const struct cli_opt *opt, struct buf *out)
{
    struct str words = str_from(opt->arg);
    struct str word;

    if (opt->letter != 0)
        buf_appendf(out, " -s %c", opt->letter);
    buf_appendf(out, " -l %s", opt->name);
    if (opt->type == CLI_UINT || opt->type == CLI_DECIMAL)
        buf_append_str(out, " -x");
    else if (opt->type == CLI_CHOICE)
        buf_append_str(out, " -x -a '");
    else if (opt->type != CLI_FLAG)
        buf_append_str(out, " -r");
    while (opt->type == CLI_CHOICE && cli_value_next_word(&words, &word))
        buf_appendf(out, STR_FMT "%s", STR_ARG(word), words.p != NULL ? " " : "'");
    buf_append_str(out, " -d ");
    append_quoted(opt->help, out);
    buf_append_char(out, '\n');
}

/* When a command's options are offered: behind its name, or, for the one that needs no name, as
 * long as no other command is named. */
static void
append_condition(const struct cli_program *program, const struct cli_cmd *cmd, struct buf *out)
{
    if (cmd->name == NULL)
        return;
    buf_append_str(out, " -n '");
    if (cmd == program->fallback) {
        buf_append_str(out, "not __fish_seen_subcommand_from help completion");
        for (const struct cli_cmd *const *c = program->commands; *c != NULL; c++) {
            if (*c != cmd)
                buf_appendf(out, " %s", (*c)->name);
        }
    } else {
        buf_appendf(out, "__fish_seen_subcommand_from %s", cmd->name);
    }
    buf_append_char(out, '\'');
}

static void
append_options(const struct cli_program *program, const struct cli_cmd *cmd, struct buf *out)
{
    struct cli_opt builtin[CLI_HELP_BUILTIN_MAX];

    for (const struct cli_opt *o = cmd->opts; o->name != NULL; o++) {
        buf_appendf(out, "complete -c %s", program->name);
        append_condition(program, cmd, out);
        append_option(o, out);
    }
    cli_help_builtin(cmd, builtin);
    for (const struct cli_opt *o = builtin; o->name != NULL; o++) {
        buf_appendf(out, "complete -c %s", program->name);
        append_condition(program, cmd, out);
        append_option(o, out);
    }
}

static void
append_name(const struct cli_program *program, const char *name, const char *summary,
            struct buf *out)
{
    buf_appendf(out, "complete -c %s -n __fish_use_subcommand -f -a %s -d ", program->name, name);
    append_quoted(summary, out);
    buf_append_char(out, '\n');
}

void
cli_complete_fish(const struct cli_program *program, struct buf *out)
{
    buf_appendf(out, "# fish completion for %s\n\n", program->name);
    for (const struct cli_cmd *const *c = program->commands; *c != NULL; c++) {
        if ((*c)->name != NULL)
            append_name(program, (*c)->name, (*c)->summary, out);
        append_options(program, *c, out);
    }
    if (cli_help_only_command(program) != NULL)
        return;
    append_name(program, "help", "show the help of a command", out);
    append_name(program, "completion", "print a completion script for a shell", out);
    buf_appendf(
        out, "complete -c %s -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n",
        program->name);
}
