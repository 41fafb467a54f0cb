/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLI_H
#define BASE_CLI_H

/*
 * The command line as data.  A command is one const struct; its options are a table from which
 * parsing (getopt_long), bounds, environment defaults, --help, the manual's option lists and shell
 * completion all come, so that they cannot disagree.
 *
 * Every program understands, besides its commands: --help, --version, `help [COMMAND]`,
 * `completion bash|zsh|fish`, and `scdoc` (the options part of its man page).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct err;

enum cli_type {
    CLI_FLAG,    /* bool: set to true */
    CLI_STR,     /* const char *: borrowed from argv or the environment */
    CLI_UINT,    /* uint64_t, checked against min and max (max 0 = no bound) */
    CLI_DECIMAL, /* double above 0, up to max (0 = no bound); 0 in the field means not given */
    CLI_LIST,    /* struct cli_list: may be given several times */
    CLI_CHOICE   /* const char *: one word of arg, which lists them as "text|json|sarif" */
};

struct cli_list {
    const char **v; /* n strings, borrowed from argv; the array is freed by cli_main() */
    size_t n;
};

struct cli_opt {
    const char *name; /* long name without dashes */
    char letter;      /* short name or 0 */
    enum cli_type type;
    size_t offset;    /* of the field in the command's options struct */
    const char *arg;  /* name of the value in help, NULL for flags; the words of a CLI_CHOICE */
    const char *help; /* one sentence */
    uint64_t min, max;
    const char *env; /* variable that gives the value when the option is not there, or NULL */
};

/* Where an option's value came from; a later one counts more. */
enum cli_origin { CLI_FROM_DEFAULT, CLI_FROM_VARIABLE, CLI_FROM_ARGS, CLI_FROM_LINE };

enum { CLI_OPTIONS_MAX = 192 }; /* of a command */

/* enum cli_origin of each option, in the table's order. */
struct cli_origins {
    unsigned char of[CLI_OPTIONS_MAX];
};

/* For a program that keeps the habits of another one. */
struct cli_habits {
    const char *args_env; /* variable with options in words (cli_words.h), or NULL; they count less
                           * than the command line's and more than other variables */
    size_t origins;       /* offset of a struct cli_origins in the options struct */
    /* Between the command line and the variables, which it may set; or NULL. */
    int (*before_variables)(const void *opts, struct err *err);
    /* Why a word is refused that is no option of the table ("--reload", "-D") or an operand too
     * many ("app:wsgi"); NULL when there is nothing special to say about it. */
    const char *(*refusal)(const char *word);
    /* The value to take instead of text, which may be text itself, or NULL with err set; it may
     * note in opts that it did.  NULL: no value has another name. */
    const char *(*value)(const struct cli_opt *opt, const char *text, void *opts, struct err *err);
};

struct cli_cmd {
    const char *name;
    const char *summary;  /* one line, no full stop */
    const char *operands; /* as shown in the usage line, e.g. "IMAGE [LAYOUT]", or "" */
    unsigned min_operands, max_operands;
    bool stop_at_operand;            /* options end at the first operand (`exec -- COMMAND`) */
    const struct cli_opt *opts;      /* ends with {NULL} */
    size_t opts_size;                /* sizeof the options struct; it starts zeroed */
    const void *defaults;            /* an options struct to start from instead, or NULL */
    const char *details;             /* paragraphs after the options in help and manual, or NULL */
    const struct cli_habits *habits; /* or NULL */
    /* Does the work.  operands[n_operands] is NULL.  Returns the exit status; -1 means that err
     * says what failed, and cli_main() prints it and takes the status from it. */
    int (*run)(const void *opts, int n_operands, char **operands, struct err *err);
};

struct cli_program {
    const char *name;
    const char *summary;
    const char *version; /* printed by --version, with build choices, several lines */
    const struct cli_cmd *const
        *commands; /* ends with NULL; a single one without a name is the program */
    const struct cli_cmd
        *fallback;       /* used when the first argument is an option or missing; may be NULL */
    const char *details; /* last part of the program's help, or NULL */
};

/* Parses, runs and prints errors as "program: what: where: why".  Returns the exit status. */
int cli_main(const struct cli_program *program, int argc, char **argv);

/* The parsing alone, for tests and for programs that take options from elsewhere (a variable with
 * flags).  opts is the command's options struct, already set up; lists are freed by
 * cli_lists_done(); the command's habits do not count. n_operands and operands are written on
 * success. */
int cli_parse(const struct cli_cmd *cmd, int argc, char **argv, void *opts, int *n_operands,
              char ***operands, struct err *err) NODISCARD;
void cli_lists_done(const struct cli_cmd *cmd, void *opts);

#endif
