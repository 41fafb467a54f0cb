/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli_parse.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cli.h"
#include "base/cli_value.h"
#include "base/err.h"
#include "base/mem.h"

enum {
    OPTIONS_MAX = CLI_OPTIONS_MAX,
    WORD_MAX = 256,
    /* What getopt_long() returns for long options: above every letter. */
    LONG_FIRST = 256,
    LONG_HELP = LONG_FIRST + OPTIONS_MAX,
    LONG_VERSION
};

/* The command's table in getopt's form. */
struct line {
    const struct cli_cmd *cmd;
    void *opts;
    struct option longs[OPTIONS_MAX + 3];
    char shorts[2 * OPTIONS_MAX + 4];
    enum cli_origin from;       /* what is read now */
    struct cli_origins origins; /* of what was read */
    void *spare;                /* for values that count less than one that was read */
    size_t n;
    bool help_letter; /* -h asks for help */
};

static size_t
option_by_letter(const struct cli_opt *opts, int letter)
{
    size_t i = 0;

    while (opts[i].name != NULL && (opts[i].letter == 0 || opts[i].letter != letter))
        i++;
    return i;
}

static bool
has_name(const struct cli_opt *opts, const char *name)
{
    for (; opts->name != NULL; opts++) {
        if (strcmp(opts->name, name) == 0)
            return true;
    }
    return false;
}

static void
line_add_builtin(struct line *l, size_t *at)
{
    if (!has_name(l->cmd->opts, "help"))
        l->longs[(*at)++] = (struct option){"help", no_argument, NULL, LONG_HELP};
    if (!has_name(l->cmd->opts, "version"))
        l->longs[(*at)++] = (struct option){"version", no_argument, NULL, LONG_VERSION};
    l->help_letter = l->cmd->opts[option_by_letter(l->cmd->opts, 'h')].name == NULL;
}

static void
line_init(struct line *l, bool with_help)
{
    char *s = l->shorts;
    size_t at = 0;

    if (l->cmd->stop_at_operand)
        *s++ = '+';
    *s++ = ':'; /* a missing value is told from an unknown option */
    for (const struct cli_opt *o = l->cmd->opts; o->name != NULL; o++, at++) {
        bool value = o->type != CLI_FLAG;

        assert(at < OPTIONS_MAX);
        l->longs[at] = (struct option){o->name, value ? required_argument : no_argument, NULL,
                                       LONG_FIRST + (int)at};
        if (o->letter != 0) {
            *s++ = o->letter;
            if (value)
                *s++ = ':';
        }
    }
    l->n = at;
    if (with_help)
        line_add_builtin(l, &at);
    if (l->help_letter)
        *s++ = 'h';
}

/* The word of the command line that getopt stumbled over, without a value. */
static void
bad_word(char *const *argv, char out[WORD_MAX])
{
    struct str rest = str_from(argv[optind - 1]);
    struct str word = str_cut(&rest, '=');

    snprintf(out, WORD_MAX, STR_FMT, STR_ARG(word));
}

/* What the habits say about a word; false when nothing. */
static bool
refuse_by_habit(const struct cli_cmd *cmd, const char *word, struct err *err)
{
    const char *why = cmd->habits != NULL ? cmd->habits->refusal(word) : NULL;

    if (why == NULL)
        return false;
    err_set(err, ERR_USAGE, "%s: %s", word, why);
    return true;
}

static int
refuse_unknown(const struct line *l, char *const *argv, struct err *err)
{
    const char *candidates[OPTIONS_MAX + 3] = {NULL};
    char word[WORD_MAX];
    const char *near;
    bool is_long;
    size_t n = 0;

    if (optopt >= LONG_FIRST) {
        bad_word(argv, word);
        return err_set(err, ERR_USAGE, "%s takes no value", word);
    }
    if (optopt > ' ' && optopt < 0x7f) {
        snprintf(word, sizeof(word), "-%c", optopt);
        if (refuse_by_habit(l->cmd, word, err))
            return -1;
        return err_set(err, ERR_USAGE, "unknown option '%s'", word);
    }
    bad_word(argv, word);
    if (refuse_by_habit(l->cmd, word, err))
        return -1;
    is_long = str_starts(str_from(word), "--");
    for (; l->longs[n].name != NULL; n++) {
        candidates[n] = l->longs[n].name;
        if (is_long && word[2] != '\0' && str_starts(str_from(candidates[n]), word + 2))
            return err_set(err, ERR_USAGE,
                           "option '%s' is not clear: write '--%s' or another one in full", word,
                           candidates[n]);
    }
    near = is_long ? str_nearest(word + 2, candidates) : NULL;
    if (near != NULL)
        return err_set(err, ERR_USAGE, "unknown option '%s': did you mean '--%s'?", word, near);
    return err_set(err, ERR_USAGE, "unknown option '%s'", word);
}

/* Index of the option that getopt's return value or optopt stands for. */
static size_t
option_index(const struct line *l, int code)
{
    return code >= LONG_FIRST ? (size_t)(code - LONG_FIRST) : option_by_letter(l->cmd->opts, code);
}

/* A value that counts less than one that is there is checked all the same. */
static int
set_value(struct line *l, size_t i, const char *text, const char *where, struct err *err)
{
    const struct cli_opt *opt = &l->cmd->opts[i];
    bool counts = l->origins.of[i] <= (unsigned char)l->from;
    bool first = counts && l->origins.of[i] < (unsigned char)l->from;
    const struct cli_habits *habits = l->cmd->habits;

    if (text != NULL && habits != NULL && habits->value != NULL) {
        text = habits->value(opt, text, counts ? l->opts : l->spare, err);
        if (text == NULL)
            return -1;
    }
    if (!counts)
        return cli_value_set(opt, text, where, false, l->spare, err);
    if (cli_value_set(opt, text, where, first, l->opts, err) < 0)
        return -1;
    l->origins.of[i] = (unsigned char)l->from;
    return 0;
}

static int
take_option(struct line *l, int code, char *value, struct err *err)
{
    size_t i = option_index(l, code);
    char where[WORD_MAX];

    snprintf(where, sizeof(where), "--%s", l->cmd->opts[i].name);
    return set_value(l, i, value, where, err);
}

static int
refuse_missing_value(const struct line *l, struct err *err)
{
    const struct cli_opt *opt = &l->cmd->opts[option_index(l, optopt)];

    return err_set(err, ERR_USAGE, "--%s needs a value: --%s %s", opt->name, opt->name, opt->arg);
}

static int
read_options(struct line *l, int argc, char **argv, enum cli_parse_ask *ask, struct err *err)
{
    int code;

    opterr = 0;
    optind = 0; /* both glibc and musl forget the last command line by this */
    while ((code = getopt_long(argc, argv, l->shorts, l->longs, NULL)) != -1) {
        if (code == LONG_HELP || (code == 'h' && l->help_letter)) {
            *ask = CLI_PARSE_HELP;
            return 0;
        }
        if (code == LONG_VERSION) {
            *ask = CLI_PARSE_VERSION;
            return 0;
        }
        if (code == ':')
            return refuse_missing_value(l, err);
        if (code == '?')
            return refuse_unknown(l, argv, err);
        if (take_option(l, code, optarg, err) < 0)
            return -1;
    }
    return 0;
}

/* An empty variable is the same as none, as `VAR= command` is how shells take one away. */
static const char *
variable(const char *name)
{
    const char *text = name != NULL ? getenv(name) : NULL;

    return text != NULL && text[0] != '\0' ? text : NULL;
}

static int
read_environment(struct line *l, struct err *err)
{
    l->from = CLI_FROM_VARIABLE;
    for (size_t i = 0; i < l->n; i++) {
        const struct cli_opt *opt = &l->cmd->opts[i];
        const char *text = variable(opt->env);

        if (text == NULL || l->origins.of[i] > CLI_FROM_VARIABLE)
            continue;
        if (set_value(l, i, text, opt->env, err) < 0)
            return -1;
    }
    return 0;
}

static int
check_operands(const struct cli_cmd *cmd, int n, char *const *operands, struct err *err)
{
    if ((unsigned)n < cmd->min_operands)
        return err_set(err, ERR_USAGE, "missing operand: want %s", cmd->operands);
    if ((unsigned)n <= cmd->max_operands)
        return 0;
    if (refuse_by_habit(cmd, operands[cmd->max_operands], err))
        return -1;
    if (cmd->max_operands == 0)
        return err_set(err, ERR_USAGE, "unexpected operand '%s': options only", operands[0]);
    return err_set(err, ERR_USAGE, "unexpected operand '%s': want %s", operands[cmd->max_operands],
                   cmd->operands);
}

/* The options in the habits' variable. */
static int
read_args(struct line *l, struct cli_words *args, struct err *err)
{
    const char *name = l->cmd->habits->args_env;
    const char *text = variable(name);
    enum cli_parse_ask ask = CLI_PARSE_RUN;

    if (text == NULL)
        return 0;
    l->from = CLI_FROM_ARGS;
    if (cli_words_parse(text, name, args, err) < 0 ||
        read_options(l, args->argc, args->argv, &ask, err) < 0 ||
        check_operands(l->cmd, args->argc - optind, args->argv + optind, err) < 0)
        return err_wrap(err, "%s", name);
    if (ask != CLI_PARSE_RUN)
        return err_set(err, ERR_USAGE, "%s: --help and --version belong on the command line", name);
    return 0;
}

static int
read_habits(struct line *l, struct cli_words *args, struct err *err)
{
    const struct cli_habits *habits = l->cmd->habits;
    int result;

    l->spare = mem_alloc(l->cmd->opts_size);
    result = read_args(l, args, err);
    cli_lists_done(l->cmd, l->spare);
    free(l->spare);
    if (result < 0)
        return -1;
    return habits->before_variables != NULL ? habits->before_variables(l->opts, err) : 0;
}

int
cli_parse_line(const struct cli_cmd *cmd, int argc, char **argv, bool with_help, void *opts,
               struct cli_parse_result *out, struct err *err)
{
    struct line line = {.cmd = cmd, .opts = opts, .from = CLI_FROM_LINE};
    enum cli_parse_ask ask = CLI_PARSE_RUN;

    *out = (struct cli_parse_result){.ask = CLI_PARSE_RUN};
    line_init(&line, with_help);
    if (read_options(&line, argc, argv, &ask, err) < 0)
        return -1;
    out->ask = ask;
    if (ask != CLI_PARSE_RUN)
        return 0;
    out->n_operands = argc - optind;
    out->operands = argv + optind;
    if (check_operands(cmd, out->n_operands, out->operands, err) < 0)
        return -1;
    if (cmd->habits != NULL && read_habits(&line, &out->args, err) < 0)
        return -1;
    if (read_environment(&line, err) < 0)
        return -1;
    if (cmd->habits != NULL)
        memcpy((char *)opts + cmd->habits->origins, &line.origins, sizeof(line.origins));
    return 0;
}

int
cli_parse(const struct cli_cmd *cmd, int argc, char **argv, void *opts, int *n_operands,
          char ***operands, struct err *err)
{
    struct cli_cmd plain = *cmd;
    struct cli_parse_result result;

    plain.habits = NULL;
    if (cli_parse_line(&plain, argc, argv, false, opts, &result, err) < 0)
        return -1;
    *n_operands = result.n_operands;
    *operands = result.operands;
    return 0;
}

void
cli_lists_done(const struct cli_cmd *cmd, void *opts)
{
    for (const struct cli_opt *o = cmd->opts; o->name != NULL; o++) {
        struct cli_list *list = (struct cli_list *)(void *)((char *)opts + o->offset);
        const struct cli_list *initial =
            cmd->defaults != NULL
                ? (const struct cli_list *)(const void *)((const char *)cmd->defaults + o->offset)
                : NULL;

        if (o->type != CLI_LIST)
            continue;
        /* An untouched default is the table's own. */
        if (initial == NULL || list->v != initial->v)
            free((void *)list->v);
        *list = (struct cli_list){NULL, 0};
    }
}
