/* SPDX-License-Identifier: Apache-2.0 */

/* Parameters: how they are declared, and values from text. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/utf8.h"
#include "server/routefile.h"

enum { REAL_MAX = 64 };

static const struct {
    const char *name;
    enum db_type type;
} types[] = {{"int", DB_INT}, {"real", DB_REAL}, {"text", DB_TEXT}, {"bool", DB_BOOL}};

void
routefile_param_done(struct routefile_param *param)
{
    free(param->name);
    free(param->text);
}

static bool
digits(const char **p)
{
    const char *from = *p;

    while (**p >= '0' && **p <= '9')
        ++*p;
    return *p > from;
}

/* -12.5e3: what JSON calls a number, and zeros in front. */
static bool
parse_real(struct str s, double *out)
{
    char text[REAL_MAX + 1];
    const char *p = text;

    if (s.n == 0 || s.n > REAL_MAX)
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    p += *p == '-';
    if (!digits(&p))
        return false;
    if (*p == '.') {
        p++;
        if (!digits(&p))
            return false;
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '-' || *p == '+';
        if (!digits(&p))
            return false;
    }
    if (p != text + s.n)
        return false;
    *out = strtod(text, NULL);
    return isfinite(*out);
}

static int64_t
characters(struct str s)
{
    int64_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

static void
say_range(const struct routefile_param *p, char why[ROUTEFILE_WHY_MAX])
{
    const char *what = p->type == DB_TEXT ? " characters" : "";
    char low[32];
    char high[32];

    if (p->type == DB_REAL) {
        snprintf(low, sizeof(low), "%g", p->real_min);
        snprintf(high, sizeof(high), "%g", p->real_max);
    } else {
        snprintf(low, sizeof(low), "%lld", (long long)p->min);
        snprintf(high, sizeof(high), "%lld", (long long)p->max);
    }
    if (p->type == DB_REAL ? isinf(p->real_max) : p->max == INT64_MAX)
        snprintf(why, ROUTEFILE_WHY_MAX, "must be at least %s%s", low, what);
    else if (p->type == DB_REAL ? isinf(p->real_min) : p->min == INT64_MIN)
        snprintf(why, ROUTEFILE_WHY_MAX, "must be at most %s%s", high, what);
    else
        snprintf(why, ROUTEFILE_WHY_MAX, "must be from %s to %s%s", low, high, what);
}

bool
routefile_in_range(const struct routefile_param *p, const struct db_value *v,
                   char why[ROUTEFILE_WHY_MAX])
{
    int64_t n = p->type == DB_TEXT ? characters(v->s) : v->i;
    bool inside = p->type == DB_REAL   ? v->d >= p->real_min && v->d <= p->real_max
                  : p->type == DB_BOOL ? true
                                       : n >= p->min && n <= p->max;

    if (!inside)
        say_range(p, why);
    return inside;
}

static bool
parse_bool(struct str s, int64_t *out)
{
    *out = str_eq(s, "true") || str_eq(s, "1");
    return *out || str_eq(s, "false") || str_eq(s, "0");
}

bool
routefile_value(const struct routefile_param *p, struct str text, struct db_value *out,
                char why[ROUTEFILE_WHY_MAX])
{
    *out = (struct db_value){.type = p->type, .s = text};
    switch (p->type) {
    case DB_INT:
        if (!num_parse_i64(text, INT64_MIN, INT64_MAX, &out->i)) {
            snprintf(why, ROUTEFILE_WHY_MAX, "must be an integer");
            return false;
        }
        break;
    case DB_REAL:
        if (!parse_real(text, &out->d)) {
            snprintf(why, ROUTEFILE_WHY_MAX, "must be a number");
            return false;
        }
        break;
    case DB_BOOL:
        if (!parse_bool(text, &out->i)) {
            snprintf(why, ROUTEFILE_WHY_MAX, "must be true or false");
            return false;
        }
        break;
    default:
        if (!utf8_is_valid(text) || (text.n > 0 && memchr(text.p, '\0', text.n) != NULL)) {
            snprintf(why, ROUTEFILE_WHY_MAX, "must be text in UTF-8");
            return false;
        }
        break;
    }
    return routefile_in_range(p, out, why);
}

/* ---- declarations ---- */

static bool
parse_type(struct str word, enum db_type *out)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (str_eq(word, types[i].name)) {
            *out = types[i].type;
            return true;
        }
    }
    return false;
}

/* One end of a range; an empty one is open. */
static bool
parse_end(struct routefile_param *param, struct str s, int64_t *out, double *real)
{
    if (s.n == 0)
        return true;
    if (param->type == DB_REAL)
        return parse_real(s, real);
    return num_parse_i64(s, param->type == DB_TEXT ? 0 : INT64_MIN, INT64_MAX, out);
}

static bool
parse_range(struct routefile_param *param, struct str word)
{
    const char *dots = memmem(word.p, word.n, "..", 2);
    struct str low, high;

    if (dots == NULL || param->type == DB_BOOL)
        return false;
    low = (struct str){word.p, (size_t)(dots - word.p)};
    high = (struct str){dots + 2, word.n - low.n - 2};
    return parse_end(param, low, &param->min, &param->real_min) &&
           parse_end(param, high, &param->max, &param->real_max) && param->min <= param->max &&
           param->real_min <= param->real_max;
}

static void
parse_default(struct routefile_parser *p, struct routefile_param *param, struct str text)
{
    char why[ROUTEFILE_WHY_MAX];

    param->is_optional = true;
    if (str_eq(text, "null")) {
        param->value = (struct db_value){.type = DB_NULL};
        return;
    }
    if (param->type == DB_TEXT && text.n >= 2 && text.p[0] == '"' && text.p[text.n - 1] == '"')
        text = (struct str){text.p + 1, text.n - 2};
    param->text = mem_strndup(text.p, text.n);
    text.p = param->text;
    if (!routefile_value(param, text, &param->value, why))
        routefile_fault(p, param->line, "the default of '%s' %s", param->name, why);
}

static void
parse_rest(struct routefile_parser *p, struct routefile_param *param, struct str rest)
{
    if (rest.n > 0 && rest.p[0] != '=') {
        struct str range = routefile_word(&rest);

        if (!parse_range(param, range))
            routefile_fault(p, param->line,
                            "'" STR_FMT "' is no range for '%s': write 1..100, 1.. or ..100",
                            STR_ARG(range), param->name);
    }
    if (rest.n > 0 && rest.p[0] == '=')
        parse_default(p, param, str_trim((struct str){rest.p + 1, rest.n - 1}));
    else if (rest.n > 0)
        routefile_fault(p, param->line,
                        "'" STR_FMT "' is more than a parameter has: a type, a range, = and a "
                        "default",
                        STR_ARG(rest));
}

void
routefile_param_parse(struct routefile_parser *p, struct routefile_route *r, unsigned line,
                      struct str rest)
{
    struct str name = routefile_word(&rest);
    struct str type = routefile_word(&rest);
    struct routefile_param param = {
        .line = line, .max = INT64_MAX, .real_min = -INFINITY, .real_max = INFINITY};

    if (!routefile_is_name(name)) {
        routefile_fault(p, line, "'" STR_FMT "' is no name of a parameter", STR_ARG(name));
        return;
    }
    if (routefile_param_find(r, name) >= 0 || r->n_params == ROUTEFILE_PARAMS_MAX) {
        routefile_fault(p, line, "parameter '" STR_FMT "' is %s", STR_ARG(name),
                        r->n_params == ROUTEFILE_PARAMS_MAX ? "one too many" : "declared already");
        return;
    }
    if (!parse_type(type, &param.type)) {
        routefile_fault(p, line,
                        "parameter '" STR_FMT "': the type '" STR_FMT
                        "' is none of int, real, text and bool",
                        STR_ARG(name), STR_ARG(type));
        param.type = DB_TEXT;
        rest.n = 0;
    }
    param.min = param.type == DB_INT ? INT64_MIN : 0;
    param.name = mem_strndup(name.p, name.n);
    parse_rest(p, &param, rest);
    r->params = mem_realloc(r->params, r->n_params + 1, sizeof(*r->params));
    r->params[r->n_params++] = param;
}
