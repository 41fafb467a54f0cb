/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli_complete.h"

#include "base/buf.h"
#include "base/cli.h"
#include "base/cli_help.h"
#include "base/cli_value.h"

/* Text inside '...' in a specification of _arguments or _describe. */
static void
append_quoted(struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\'')
            buf_append_str(out, "'\\'");
        else if (strchr("[]:\\", text.p[i]) != NULL)
            buf_append_char(out, '\\');
        buf_append_char(out, text.p[i]);
    }
}

/* ":name:action" of an option's value. */
static void
append_value(const struct cli_opt *opt, struct buf *out)
{
    struct str words = str_from(opt->arg);
    struct str word;
    const char *before = "";

    buf_append_char(out, ':');
    append_quoted(str_from(opt->arg), out);
    buf_append_char(out, ':');
    if (opt->type == CLI_UINT || opt->type == CLI_DECIMAL) {
        buf_append_char(out, ' ');
        return;
    }
    if (opt->type != CLI_CHOICE) {
        buf_append_str(out, "_files");
        return;
    }
    buf_append_char(out, '(');
    while (cli_value_next_word(&words, &word)) {
        buf_appendf(out, "%s" STR_FMT, before, STR_ARG(word));
        before = " ";
    }
    buf_append_char(out, ')');
}

static void
append_spec(const struct cli_opt *opt, bool letter, struct buf *out)
{
    bool value = opt->type != CLI_FLAG;

    buf_append_str(out, " \\\n            '");
    if (opt->type == CLI_LIST)
        buf_append_char(out, '*');
    else if (opt->letter != 0)
        buf_appendf(out, "(-%c --%s)", opt->letter, opt->name);
    if (letter)
        buf_appendf(out, "-%c%s", opt->letter, value ? "+" : "");
    else
        buf_appendf(out, "--%s%s", opt->name, value ? "=" : "");
    buf_append_char(out, '[');
    append_quoted(str_from(opt->help), out);
    buf_append_char(out, ']');
    if (value)
        append_value(opt, out);
    buf_append_char(out, '\'');
}

static void
append_specs(const struct cli_opt *opts, struct buf *out)
{
    for (; opts->name != NULL; opts++) {
        append_spec(opts, false, out);
        if (opts->letter != 0)
            append_spec(opts, true, out);
    }
}

static void
append_arguments(const struct cli_cmd *cmd, struct buf *out)
{
    struct cli_opt builtin[CLI_HELP_BUILTIN_MAX];

    buf_append_str(out, "        _arguments -s -S");
    append_specs(cmd->opts, out);
    cli_help_builtin(cmd, builtin);
    append_specs(builtin, out);
    buf_append_str(out, " \\\n            '*:operand:_files'\n");
}

static void
append_subcommands(const struct cli_program *program, struct buf *out)
{
    const struct cli_cmd *fallback = program->fallback;

    buf_append_str(out, "    local -a commands\n    commands=(\n");
    for (const struct cli_cmd *const *c = program->commands; *c != NULL; c++) {
        buf_appendf(out, "        '%s:", (*c)->name);
        append_quoted(str_from((*c)->summary), out);
        buf_append_str(out, "'\n");
    }
    buf_append_str(out, "        'help:show the help of a command'\n"
                        "        'completion:print a completion script for a shell'\n"
                        "    )\n"
                        "    if (( CURRENT == 2 )) && [[ ${words[2]} != -* ]]; then\n"
                        "        _describe -t commands command commands\n"
                        "        return\n"
                        "    fi\n"
                        "    local command=${words[2]}\n"
                        "    if [[ $command == -* ]]; then\n");
    buf_appendf(out, "        command='%s'\n", fallback != NULL ? fallback->name : "-");
    buf_append_str(out, "    else\n"
                        "        shift words\n"
                        "        (( CURRENT-- ))\n"
                        "    fi\n"
                        "    case $command in\n");
    for (const struct cli_cmd *const *c = program->commands; *c != NULL; c++) {
        buf_appendf(out, "    %s)\n", (*c)->name);
        append_arguments(*c, out);
        buf_append_str(out, "        ;;\n");
    }
    buf_append_str(out,
                   "    help)\n"
                   "        _describe -t commands command commands\n"
                   "        ;;\n"
                   "    completion)\n"
                   "        _values shell bash zsh fish\n"
                   "        ;;\n"
                   "    -)\n"
                   "        _arguments '--help[Show this help.]' '--version[Show the version.]'\n"
                   "        ;;\n"
                   "    esac\n");
}

void
cli_complete_zsh(const struct cli_program *program, struct buf *out)
{
    const struct cli_cmd *only = cli_help_only_command(program);

    buf_appendf(out, "#compdef %s\n\n", program->name);
    cli_complete_append_function(program, out);
    buf_append_str(out, "()\n{\n");
    if (only != NULL)
        append_arguments(only, out);
    else
        append_subcommands(program, out);
    /* Loaded from $fpath the file is the function's body; sourced, it registers it. */
    buf_append_str(out, "}\n\nif [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n    ");
    cli_complete_append_function(program, out);
    buf_append_str(out, " \"$@\"\nelse\n    compdef ");
    cli_complete_append_function(program, out);
    buf_appendf(out, " %s\nfi\n", program->name);
}
