/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli_scdoc.h"

#include "base/buf.h"
#include "base/cli.h"
#include "base/cli_help.h"
#include "base/str.h"

enum { TEXT_MAX = 4096 };

/* Puts a backslash before what scdoc would read as markup (scdoc(5)). */
static void
append_escaped(struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        if (strchr("\\_*#`+|[]<>", text.p[i]) != NULL)
            buf_append_char(out, '\\');
        buf_append_char(out, text.p[i]);
    }
}

static void
append_option(const struct cli_cmd *cmd, const struct cli_opt *opt, struct buf *out)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);

    if (opt->letter != 0)
        buf_appendf(out, "*-%c*, ", opt->letter);
    buf_append_str(out, "*--");
    append_escaped(str_from(opt->name), out);
    buf_append_char(out, '*');
    if (opt->type != CLI_FLAG) {
        buf_append_str(out, " _");
        append_escaped(str_from(opt->arg), out);
        buf_append_char(out, '_');
    }
    buf_append_str(out, "\n\t");
    cli_help_option_text(cmd, opt, &text);
    append_escaped(buf_view(&text), out);
    buf_append_str(out, "\n\n");
}

static void
append_options(const struct cli_cmd *cmd, struct buf *out)
{
    struct cli_opt builtin[CLI_HELP_BUILTIN_MAX];

    for (const struct cli_opt *o = cmd->opts; o->name != NULL; o++)
        append_option(cmd, o, out);
    cli_help_builtin(cmd, builtin);
    for (const struct cli_opt *o = builtin; o->name != NULL; o++)
        append_option(cmd, o, out);
}

/* The details' paragraphs; lines that start with a blank become a literal block, up to the next
 * one that does not.  Empty lines wait for what follows, as they must not end a block. */
static void
append_details(const char *details, struct buf *out)
{
    struct str rest = str_from(details);
    bool literal = false;
    int empty = 0;

    while (rest.p != NULL) {
        struct str line = str_cut(&rest, '\n');
        bool example = line.n > 0 && line.p[0] == ' ';

        if (line.n == 0) {
            empty++;
            continue;
        }
        if (literal && !example)
            buf_append_str(out, "```\n");
        for (; empty > 0; empty--)
            buf_append_char(out, '\n');
        if (!literal && example)
            buf_append_str(out, "```\n");
        literal = example;
        if (literal)
            buf_append_view(out, line);
        else
            append_escaped(line, out);
        buf_append_char(out, '\n');
    }
    buf_append_str(out, literal ? "```\n\n" : "\n");
}

static void
append_command(const struct cli_program *program, const struct cli_cmd *cmd, struct buf *out)
{
    cleanup_buf struct buf sentence = BUF_INIT(TEXT_MAX);

    buf_appendf(out, "## %s\n\n*%s %s* [_OPTION_]...", cmd->name, program->name, cmd->name);
    if (cmd->operands[0] != '\0') {
        buf_append_char(out, ' ');
        append_escaped(str_from(cmd->operands), out);
    }
    buf_append_str(out, "\n\n");
    cli_help_sentence(cmd->summary, &sentence);
    append_escaped(buf_view(&sentence), out);
    buf_append_str(out, "\n\n");
    append_options(cmd, out);
    if (cmd->details != NULL)
        append_details(cmd->details, out);
}

void
cli_scdoc_write(const struct cli_program *program, struct buf *out)
{
    const struct cli_cmd *only = cli_help_only_command(program);

    if (only != NULL) {
        buf_append_str(out, "# OPTIONS\n\n");
        append_options(only, out);
        if (only->details != NULL)
            append_details(only->details, out);
        return;
    }
    buf_append_str(out, "# COMMANDS\n\n");
    for (const struct cli_cmd *const *c = program->commands; *c != NULL; c++)
        append_command(program, *c, out);
    buf_appendf(out, "## help, completion\n\n*%s help* [_COMMAND_] shows a command's help; ",
                program->name);
    buf_appendf(out, "*%s completion* bash\\|zsh\\|fish prints a script for a shell.\n",
                program->name);
}
