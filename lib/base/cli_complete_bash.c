/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli_complete.h"

#include "base/buf.h"
#include "base/cli.h"
#include "base/cli_help.h"
#include "base/cli_value.h"

/*
 * The script's shape: which command is meant, which options it has, and which words an option
 * takes. Where nothing is known bash completes file names (complete -o default).
 */

static void
append_option_words(const struct cli_cmd *cmd, struct buf *out)
{
    struct cli_opt builtin[CLI_HELP_BUILTIN_MAX];

    for (const struct cli_opt *o = cmd->opts; o->name != NULL; o++)
        buf_appendf(out, "--%s ", o->name);
    cli_help_builtin(cmd, builtin);
    for (const struct cli_opt *o = builtin; o->name != NULL; o++)
        buf_appendf(out, "--%s%s", o->name, o[1].name != NULL ? " " : "");
}

/* One branch for each option that takes a value: its words, or none for file names. */
static void
append_values(const struct cli_cmd *cmd, const char *name, struct buf *out)
{
    for (const struct cli_opt *o = cmd->opts; o->name != NULL; o++) {
        struct str words = str_from(o->arg);
        struct str word;
        const char *before = "";

        if (o->type == CLI_FLAG)
            continue;
        buf_appendf(out, "    \"%s --%s\"", name, o->name);
        if (o->letter != 0)
            buf_appendf(out, " | \"%s -%c\"", name, o->letter);
        buf_append_str(out, ") values=\"");
        while (o->type == CLI_CHOICE && cli_value_next_word(&words, &word)) {
            buf_appendf(out, "%s" STR_FMT, before, STR_ARG(word));
            before = " ";
        }
        buf_append_str(out, "\" takes_value=1 ;;\n");
    }
}

static const char *
label(const struct cli_cmd *cmd)
{
    return cmd->name != NULL ? cmd->name : "";
}

static void
append_names(const struct cli_program *program, struct buf *out)
{
    const char *before = "";

    buf_append_str(out, "    commands=\"");
    for (const struct cli_cmd *const *c = program->commands; *c != NULL && (*c)->name != NULL;
         c++) {
        buf_appendf(out, "%s%s", before, (*c)->name);
        before = " ";
    }
    buf_append_str(out, "\"\n");
}

static void
append_tables(const struct cli_program *program, struct buf *out)
{
    buf_append_str(out, "    case \"$command\" in\n");
    for (const struct cli_cmd *const *c = program->commands; *c != NULL; c++) {
        buf_appendf(out, "    \"%s\") options=\"", label(*c));
        append_option_words(*c, out);
        buf_append_str(out, "\" ;;\n");
    }
    buf_append_str(out, "    completion) words=\"bash zsh fish\" ;;\n"
                        "    help) words=\"$commands\" ;;\n"
                        "    *) options=\"--help --version\" ;;\n"
                        "    esac\n"
                        "    case \"$command $prev\" in\n");
    for (const struct cli_cmd *const *c = program->commands; *c != NULL; c++)
        append_values(*c, label(*c), out);
    buf_append_str(out, "    *) ;;\n"
                        "    esac\n");
}

void
cli_complete_bash(const struct cli_program *program, struct buf *out)
{
    const struct cli_cmd *only = cli_help_only_command(program);

    buf_appendf(out, "# bash completion for %s\n\n", program->name);
    cli_complete_append_function(program, out);
    buf_append_str(out, "()\n"
                        "{\n"
                        "    local commands command cur prev options=\"\" words=\"\" values=\"\"\n"
                        "    local takes_value=\"\"\n"
                        "    COMPREPLY=()\n"
                        "    cur=${COMP_WORDS[COMP_CWORD]}\n"
                        "    prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                        "    # bash makes a word of its own of the = in --option=value.\n"
                        "    if [[ $cur == = ]]; then\n"
                        "        cur=\"\"\n"
                        "    elif [[ $prev == = && $COMP_CWORD -gt 2 ]]; then\n"
                        "        prev=${COMP_WORDS[COMP_CWORD-2]}\n"
                        "    fi\n");
    append_names(program, out);
    buf_appendf(out, "    command=\"%s\"\n",
                program->fallback != NULL && only == NULL ? label(program->fallback) : "");
    buf_append_str(out, "    case \" $commands help completion \" in\n"
                        "    *\" ${COMP_WORDS[1]} \"*)\n"
                        "        [[ $COMP_CWORD -gt 1 ]] && command=${COMP_WORDS[1]} ;;\n"
                        "    esac\n");
    append_tables(program, out);
    buf_append_str(out, "    if [[ -n $takes_value ]]; then\n"
                        "        words=$values\n"
                        "    elif [[ $cur == -* ]]; then\n"
                        "        words=$options\n"
                        "    elif [[ $COMP_CWORD -eq 1 ]]; then\n"
                        "        words=\"$commands help completion\"\n"
                        "    fi\n"
                        "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
                        "} &&\n"
                        "complete -o bashdefault -o default -F ");
    cli_complete_append_function(program, out);
    buf_appendf(out, " %s\n", program->name);
}
