/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli_help.h"

#include "base/buf.h"
#include "base/cli.h"
#include "base/cli_value.h"
#include "base/cli_wrap.h"

enum {
    TEXT_MAX = 4096,   /* of one option */
    NAME_COLUMNS = 28, /* a longer name puts its text on the next line */
    GAP = 2
};

void
cli_help_builtin(const struct cli_cmd *cmd, struct cli_opt out[CLI_HELP_BUILTIN_MAX])
{
    struct cli_opt help = {
        .name = "help", .letter = 'h', .type = CLI_FLAG, .help = "Show this help."};
    struct cli_opt version = {
        .name = "version", .type = CLI_FLAG, .help = "Show the version and build choices."};
    bool has_help = false, has_version = false;

    for (const struct cli_opt *o = cmd->opts; o->name != NULL; o++) {
        if (o->letter == 'h')
            help.letter = 0;
        has_help |= strcmp(o->name, "help") == 0;
        has_version |= strcmp(o->name, "version") == 0;
    }
    if (!has_help)
        *out++ = help;
    if (!has_version)
        *out++ = version;
    *out = (struct cli_opt){.name = NULL};
}

void
cli_help_option_name(const struct cli_opt *opt, struct buf *out)
{
    if (opt->letter != 0)
        buf_appendf(out, "-%c, ", opt->letter);
    buf_appendf(out, "--%s", opt->name);
    if (opt->type != CLI_FLAG)
        buf_appendf(out, " %s", opt->arg);
}

void
cli_help_option_text(const struct cli_cmd *cmd, const struct cli_opt *opt, struct buf *out)
{
    cleanup_buf struct buf note = BUF_INIT(TEXT_MAX);

    buf_append_str(out, opt->help);
    if (opt->type == CLI_UINT || opt->type == CLI_DECIMAL)
        cli_value_bounds(opt, &note);
    if (note.n > 0)
        buf_appendf(out, " [%s]", note.p);
    buf_clear(&note);
    if (cmd->defaults != NULL)
        cli_value_format(opt, cmd->defaults, &note);
    if (note.n > 0)
        buf_appendf(out, " [default: %s]", note.p);
    if (opt->type == CLI_LIST)
        buf_append_str(out, " [repeatable]");
    if (opt->env != NULL)
        buf_appendf(out, " [env: %s]", opt->env);
}

void
cli_help_sentence(const char *summary, struct buf *out)
{
    bool small = summary[0] >= 'a' && summary[0] <= 'z';

    buf_append_char(out, (char)(small ? summary[0] - 'a' + 'A' : summary[0]));
    buf_appendf(out, "%s.", summary + 1);
}

const struct cli_cmd *
cli_help_only_command(const struct cli_program *program)
{
    const struct cli_cmd *first = program->commands[0];

    return first != NULL && first->name == NULL ? first : NULL;
}

/* One row of two columns. */
static void
append_row(struct str name, struct str text, size_t column, struct buf *out)
{
    size_t columns = GAP + cli_wrap_columns(name);

    buf_appendf(out, "%*s" STR_FMT, GAP, "", STR_ARG(name));
    if (columns + GAP > column) {
        buf_append_char(out, '\n');
        columns = 0;
    }
    buf_appendf(out, "%*s", (int)(column - columns), "");
    cli_wrap_words(text, column, column, out);
}

/* Where the second column of options starts: behind the longest name that is not too long. */
static size_t
text_column(const struct cli_opt *opts, size_t column)
{
    for (; opts->name != NULL; opts++) {
        cleanup_buf struct buf name = BUF_INIT(TEXT_MAX);
        size_t need;

        cli_help_option_name(opts, &name);
        need = GAP + cli_wrap_columns(buf_view(&name)) + GAP;
        if (need > column && need <= GAP + NAME_COLUMNS + GAP)
            column = need;
    }
    return column;
}

static void
append_options(const struct cli_cmd *cmd, const struct cli_opt *opts, size_t column,
               struct buf *out)
{
    for (; opts->name != NULL; opts++) {
        cleanup_buf struct buf name = BUF_INIT(TEXT_MAX);
        cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);

        cli_help_option_name(opts, &name);
        cli_help_option_text(cmd, opts, &text);
        append_row(buf_view(&name), buf_view(&text), column, out);
    }
}

static void
append_details(const char *details, struct buf *out)
{
    if (details == NULL)
        return;
    buf_append_char(out, '\n');
    cli_wrap_paragraphs(details, out);
}

static void
append_sentence(const char *summary, struct buf *out)
{
    cleanup_buf struct buf sentence = BUF_INIT(TEXT_MAX);

    cli_help_sentence(summary, &sentence);
    cli_wrap_words(buf_view(&sentence), 0, 0, out);
}

void
cli_help_command(const struct cli_program *program, const struct cli_cmd *cmd, struct buf *out)
{
    struct cli_opt builtin[CLI_HELP_BUILTIN_MAX];
    size_t column;

    cli_help_builtin(cmd, builtin);
    buf_appendf(out, "Usage: %s%s%s [OPTION]...%s%s%s\n\n", program->name,
                cmd->name != NULL ? " " : "", cmd->name != NULL ? cmd->name : "",
                cmd->operands[0] != '\0' ? " " : "",
                cmd->stop_at_operand && cmd->operands[0] != '\0' ? "[--] " : "", cmd->operands);
    append_sentence(cmd->name != NULL ? cmd->summary : program->summary, out);
    buf_append_str(out, "\nOptions:\n");
    column = text_column(builtin, text_column(cmd->opts, 0));
    append_options(cmd, cmd->opts, column, out);
    append_options(cmd, builtin, column, out);
    append_details(cmd->details, out);
    if (cmd->name == NULL)
        append_details(program->details, out);
}

static void
append_commands(const struct cli_program *program, struct buf *out)
{
    static const char *const more[][2] = {
        {"help [COMMAND]", "show the help of a command"},
        {"completion bash|zsh|fish", "print a completion script for a shell"}};
    size_t column = GAP + strlen(more[1][0]) + GAP;

    buf_append_str(out, "\nCommands:\n");
    for (const struct cli_cmd *const *c = program->commands; *c != NULL; c++)
        append_row(str_from((*c)->name), str_from((*c)->summary), column, out);
    for (size_t i = 0; i < ARRAY_LEN(more); i++)
        append_row(str_from(more[i][0]), str_from(more[i][1]), column, out);
}

void
cli_help_program(const struct cli_program *program, struct buf *out)
{
    static const struct cli_opt none[] = {{.name = NULL}};
    static const struct cli_cmd plain = {.operands = "", .opts = none};
    const struct cli_cmd *only = cli_help_only_command(program);
    struct cli_opt builtin[CLI_HELP_BUILTIN_MAX];

    if (only != NULL) {
        cli_help_command(program, only, out);
        return;
    }
    buf_appendf(out, "Usage: %s %s [OPTION]...\n\n", program->name,
                program->fallback != NULL ? "[COMMAND]" : "COMMAND");
    append_sentence(program->summary, out);
    append_commands(program, out);
    cli_help_builtin(&plain, builtin);
    buf_append_str(out, "\nOptions:\n");
    append_options(&plain, builtin, text_column(builtin, 0), out);
    buf_appendf(out, "\n'%s COMMAND --help' shows the options of a command.\n", program->name);
    if (program->fallback != NULL)
        buf_appendf(out, "Without a command, '%s' is meant.\n", program->fallback->name);
    append_details(program->details, out);
}
