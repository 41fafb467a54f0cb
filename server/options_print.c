/* SPDX-License-Identifier: Apache-2.0 */
#include "server/options_print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "server/gunicorn.h"
#include "server/options.h"
#include "server/settings.h"

static const char none[] = "(none)";
static const char masked[] = "***";

/* A value may not look like a line of its own. */
static void
append_printable(struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if (c < ' ' || c == 0x7f)
            buf_appendf(out, "\\x%02x", c);
        else
            buf_append_char(out, (char)c);
    }
}

/* "scheme://user:password@host/..." without the password. */
static void
append_text(const char *text, struct buf *out)
{
    struct str rest = str_from(text);
    const char *authority = strstr(text, "://");
    const char *colon, *at;
    size_t n;

    if (authority == NULL) {
        append_printable(rest, out);
        return;
    }
    authority += strlen("://");
    n = strcspn(authority, "/?#");
    colon = memchr(authority, ':', n);
    at = memrchr(authority, '@', n);
    if (colon == NULL || at == NULL || colon > at) {
        append_printable(rest, out);
        return;
    }
    append_printable((struct str){text, (size_t)(colon + 1 - text)}, out);
    buf_append_str(out, masked);
    append_printable(str_from(at), out);
}

static void
append_variable(const char *text, struct buf *out)
{
    struct str rest = str_from(text);

    append_printable(str_cut(&rest, '='), out);
    buf_appendf(out, "=%s", masked);
}

static void
append_list(const struct cli_list *list, bool variables, struct buf *out)
{
    if (list->n == 0)
        buf_append_str(out, none);
    for (size_t i = 0; i < list->n; i++) {
        buf_append_str(out, i > 0 ? ", " : "");
        if (variables)
            append_variable(list->v[i], out);
        else
            append_text(list->v[i], out);
    }
}

static void
append_decimal(double v, struct buf *out)
{
    char text[32];

    num_format_decimal(v, text);
    buf_append_str(out, v > 0 ? text : none);
}

static void
append_value(const struct cli_opt *opt, const struct options *o, struct buf *out)
{
    const void *field = (const char *)o + opt->offset;
    const char *text;

    switch (opt->type) {
    case CLI_FLAG:
        buf_append_str(out, *(const bool *)field ? "true" : "false");
        return;
    case CLI_STR:
    case CLI_CHOICE:
        text = *(const char *const *)field;
        append_text(text != NULL ? text : none, out);
        return;
    case CLI_UINT:
        buf_appendf(out, "%" PRIu64, *(const uint64_t *)field);
        return;
    case CLI_DECIMAL:
        append_decimal(*(const double *)field, out);
        return;
    case CLI_LIST:
        append_list(field, strcmp(opt->name, "env") == 0, out);
        return;
    }
}

static void
append_origin(enum cli_origin from, const char *variable, struct buf *out)
{
    switch (from) {
    case CLI_FROM_DEFAULT:
        buf_append_str(out, "default");
        return;
    case CLI_FROM_VARIABLE:
        buf_appendf(out, "environment %s", variable);
        return;
    case CLI_FROM_ARGS:
        buf_append_str(out, gunicorn_habits.args_env);
        return;
    case CLI_FROM_LINE:
        buf_append_str(out, "command line");
        return;
    }
}

/* Where nothing is written PORT decides, which is no option's variable. */
static enum cli_origin
append_binds(const struct options *o, const struct settings *s, struct buf *out)
{
    const struct cli_list binds = {(const char **)s->binds, s->n_binds};
    const char *port = getenv("PORT");

    append_list(&binds, false, out);
    if (o->binds.n > 0 || port == NULL || port[0] == '\0')
        return CLI_FROM_DEFAULT;
    return CLI_FROM_VARIABLE;
}

void
options_print(const struct options *o, const struct settings *s, struct buf *out)
{
    for (size_t i = 0; options_table[i].name != NULL; i++) {
        const struct cli_opt *opt = &options_table[i];
        enum cli_origin from = o->origins.of[i];
        const char *variable = opt->env;

        buf_appendf(out, "%s = ", opt->name);
        if (strcmp(opt->name, "bind") == 0) {
            enum cli_origin otherwise = append_binds(o, s, out);

            from = from != CLI_FROM_DEFAULT ? from : otherwise;
            variable = "PORT";
        } else if (strcmp(opt->name, "workers") == 0 && o->workers == NULL) {
            buf_append_str(out, "auto");
        } else {
            append_value(opt, o, out);
        }
        buf_append_str(out, "  (from: ");
        append_origin(from, variable, out);
        buf_append_str(out, ")\n");
    }
}
