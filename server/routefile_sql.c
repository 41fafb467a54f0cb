/* SPDX-License-Identifier: Apache-2.0 */

/* Statements: each :name becomes a placeholder, wherever it is no part of a text or a comment. */

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "server/routefile.h"

/* Behind what begins at s and is no place for parameters: a text, a quoted name, a comment.  0 when
 * nothing of that kind begins there. */
static size_t
skip(struct str s)
{
    const char *end;

    if (s.n >= 2 && memcmp(s.p, "--", 2) == 0) {
        end = memchr(s.p, '\n', s.n);
        return end != NULL ? (size_t)(end - s.p) : s.n;
    }
    if (s.n >= 2 && memcmp(s.p, "/*", 2) == 0) {
        end = memmem(s.p + 2, s.n - 2, "*/", 2);
        return end != NULL ? (size_t)(end - s.p) + 2 : s.n;
    }
    /* A doubled quote is the end of one text and the start of another: the same for us. */
    if (s.p[0] == '\'' || s.p[0] == '"' || s.p[0] == '`') {
        end = memchr(s.p + 1, s.p[0], s.n - 1);
        return end != NULL ? (size_t)(end - s.p) + 1 : s.n;
    }
    return 0;
}

static size_t
name_length(struct str s)
{
    size_t n = 0;

    while (n < s.n && routefile_is_name((struct str){s.p, n + 1}))
        n++;
    return n;
}

static void
use(struct routefile_parser *p, struct routefile_route *r, unsigned line, struct str name)
{
    int param = routefile_param_find(r, name);

    if (param < 0) {
        routefile_fault(p, line, "the sql uses :" STR_FMT ", which is no parameter of the route",
                        STR_ARG(name));
        return;
    }
    r->params[param].is_used = true;
    r->binds = mem_realloc(r->binds, r->n_binds + 1, sizeof(*r->binds));
    r->binds[r->n_binds++] = (unsigned)param;
}

void
routefile_sql_compile(struct routefile_parser *p, struct routefile_route *r)
{
    struct str text = str_from(r->sql);
    cleanup_buf struct buf out = BUF_INIT(ROUTEFILE_MAX);
    unsigned line = r->sql_line;

    for (size_t i = 0; i < text.n;) {
        struct str rest = {text.p + i, text.n - i};
        size_t n = skip(rest);

        if (n == 0 && rest.p[0] == ':' && rest.n > 1 && rest.p[1] == ':') {
            n = 2; /* a cast, in other databases */
        } else if (n == 0 && rest.p[0] == ':') {
            struct str name = {rest.p + 1, name_length((struct str){rest.p + 1, rest.n - 1})};

            if (name.n > 0) {
                use(p, r, line, name);
                buf_append_char(&out, '?');
                i += name.n + 1;
                continue;
            }
        } else if (n == 0 && rest.p[0] == '?') {
            routefile_fault(p, line, "the sql has a ?: parameters are written :name");
        }
        n = n == 0 ? 1 : n;
        buf_append(&out, rest.p, n);
        i += n;
    }
    free(r->sql);
    r->sql = buf_take(&out);
}
