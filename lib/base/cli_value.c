/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli_value.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"

enum { BOUNDS_MAX = 128, WORDS_MAX = 32 };

bool
cli_value_next_word(struct str *words, struct str *word)
{
    if (words->p == NULL)
        return false;
    *word = str_cut(words, '|');
    return true;
}

void
cli_value_bounds(const struct cli_opt *opt, struct buf *out)
{
    if (opt->type == CLI_DECIMAL) {
        buf_append_str(out, "above 0");
        if (opt->max > 0)
            buf_appendf(out, ", at most %" PRIu64, opt->max);
    } else if (opt->max > 0) {
        buf_appendf(out, "from %" PRIu64 " to %" PRIu64, opt->min, opt->max);
    } else if (opt->min > 0) {
        buf_appendf(out, "at least %" PRIu64, opt->min);
    }
}

static int
refuse_number(const struct cli_opt *opt, const char *text, const char *where, struct err *err)
{
    const char *kind = opt->type == CLI_UINT ? "whole number" : "number";
    cleanup_buf struct buf bounds = BUF_INIT(BOUNDS_MAX);

    cli_value_bounds(opt, &bounds);
    return err_set(err, ERR_USAGE, "%s: '%s' is not a %s%s%s", where, text, kind,
                   bounds.n > 0 ? " " : "", buf_cstr(&bounds));
}

static int
set_uint(const struct cli_opt *opt, const char *text, const char *where, uint64_t *field,
         struct err *err)
{
    uint64_t max = opt->max > 0 ? opt->max : UINT64_MAX;
    uint64_t v;

    if (!num_parse_u64(str_from(text), max, &v) || v < opt->min)
        return refuse_number(opt, text, where, err);
    *field = v;
    return 0;
}

static int
set_decimal(const struct cli_opt *opt, const char *text, const char *where, double *field,
            struct err *err)
{
    double v;

    if (!num_parse_decimal(str_from(text), &v) || v <= 0 || (opt->max > 0 && v > (double)opt->max))
        return refuse_number(opt, text, where, err);
    *field = v;
    return 0;
}

/* The field gets the user's text, which equals the word. */
static int
set_choice(const struct cli_opt *opt, const char *text, const char *where, const char **field,
           struct err *err)
{
    cleanup_free char *all = mem_strdup(opt->arg);
    const char *candidates[WORDS_MAX + 1];
    size_t n = 0;
    struct str words = str_from(opt->arg);
    struct str word;
    const char *near;

    while (cli_value_next_word(&words, &word)) {
        if (str_eq(word, text)) {
            *field = text;
            return 0;
        }
        if (n < WORDS_MAX) {
            char *start = all + (word.p - opt->arg);

            start[word.n] = '\0';
            candidates[n++] = start;
        }
    }
    candidates[n] = NULL;
    near = str_nearest(text, candidates);
    if (near != NULL)
        return err_set(err, ERR_USAGE, "%s: '%s' is none of %s: did you mean '%s'?", where, text,
                       opt->arg, near);
    return err_set(err, ERR_USAGE, "%s: '%s' is none of %s", where, text, opt->arg);
}

/* Flags have no text on the command line (NULL), only in the environment. */
static int
set_flag(const char *text, const char *where, bool *field, struct err *err)
{
    static const char *const yes[] = {"1", "true", "yes", "on"};
    static const char *const no[] = {"0", "false", "no", "off"};

    if (text == NULL) {
        *field = true;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (str_eq_nocase(str_from(text), yes[i]) || str_eq_nocase(str_from(text), no[i])) {
            *field = str_eq_nocase(str_from(text), yes[i]);
            return 0;
        }
    }
    return err_set(err, ERR_USAGE, "%s: '%s' is neither 1 nor 0", where, text);
}

static void
list_append(struct cli_list *list, const char *text, bool first)
{
    if (first)
        *list = (struct cli_list){NULL, 0};
    list->v = mem_realloc((void *)list->v, list->n + 1, sizeof(*list->v));
    list->v[list->n++] = text;
}

int
cli_value_set(const struct cli_opt *opt, const char *text, const char *where, bool first,
              void *opts, struct err *err)
{
    void *field = (char *)opts + opt->offset;

    switch (opt->type) {
    case CLI_FLAG:
        return set_flag(text, where, field, err);
    case CLI_STR:
        *(const char **)field = text;
        return 0;
    case CLI_UINT:
        return set_uint(opt, text, where, field, err);
    case CLI_DECIMAL:
        return set_decimal(opt, text, where, field, err);
    case CLI_LIST:
        list_append(field, text, first);
        return 0;
    case CLI_CHOICE:
        return set_choice(opt, text, where, field, err);
    }
    return err_set(err, ERR_INTERNAL, "%s: unknown kind of option", where);
}

void
cli_value_format(const struct cli_opt *opt, const void *opts, struct buf *out)
{
    const void *field = (const char *)opts + opt->offset;
    char number[32];

    switch (opt->type) {
    case CLI_FLAG:
    case CLI_LIST:
        return;
    case CLI_STR:
    case CLI_CHOICE:
        if (*(const char *const *)field != NULL)
            buf_append_str(out, *(const char *const *)field);
        return;
    case CLI_UINT:
        if (*(const uint64_t *)field > 0)
            buf_appendf(out, "%" PRIu64, *(const uint64_t *)field);
        return;
    case CLI_DECIMAL:
        if (*(const double *)field > 0) {
            num_format_decimal(*(const double *)field, number);
            buf_append_str(out, number);
        }
        return;
    }
}
