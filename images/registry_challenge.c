/* SPDX-License-Identifier: Apache-2.0 */
#include "images/registry_challenge.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"

void
challenge_done(struct challenge *c)
{
    free(c->realm);
    free(c->service);
    *c = (struct challenge)CHALLENGE_INIT;
}

static void
skip(struct str *s, const char *which)
{
    while (s->n > 0 && s->p[0] != '\0' && strchr(which, s->p[0]) != NULL) {
        s->p++;
        s->n--;
    }
}

/* RFC 9110 5.6.2; empty when there is none. */
static struct str
take_token(struct str *s)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    struct str t = {s->p, 0};

    while (t.n < s->n) {
        char c = s->p[t.n];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!letter && (c == '\0' || strchr(marks, c) == NULL))
            break;
        t.n++;
    }
    s->p += t.n;
    s->n -= t.n;
    return t;
}

/* RFC 9110 5.6.4, from behind the opening mark; a control character has no business here. */
static bool
take_quoted(struct str *s, struct buf *out)
{
    while (s->n > 0) {
        char c = s->p[0];

        s->p++;
        s->n--;
        if (c == '"')
            return true;
        if (c == '\\') {
            if (s->n == 0)
                return false;
            c = s->p[0];
            s->p++;
            s->n--;
        }
        if ((unsigned char)c < 0x20 || c == 0x7f)
            return false;
        buf_append_char(out, c);
    }
    return false;
}

/* What stands behind "=". */
static bool
take_value(struct str *s, struct buf *out)
{
    struct str token;

    skip(s, " \t");
    if (s->n > 0 && s->p[0] == '"') {
        s->p++;
        s->n--;
        return take_quoted(s, out);
    }
    token = take_token(s);
    buf_append_view(out, token);
    return token.n > 0;
}

static void
keep(struct challenge *c, struct str name, struct buf *value)
{
    if (str_eq_nocase(name, "realm") && c->realm == NULL)
        c->realm = buf_take(value);
    else if (str_eq_nocase(name, "service") && c->service == NULL)
        c->service = buf_take(value);
}

static bool
starts_parameter(struct str rest)
{
    struct str name = take_token(&rest);

    skip(&rest, " \t");
    if (name.n == 0 || rest.n == 0 || rest.p[0] != '=')
        return false;
    /* token68 may end in "=" and has nothing behind it. */
    skip(&rest, "=");
    skip(&rest, " \t");
    return rest.n > 0 && rest.p[0] != ',';
}

static bool
take_parameters(struct str *s, struct challenge *c)
{
    for (;;) {
        cleanup_buf struct buf value = BUF_INIT(CHALLENGE_MAX);
        struct str name;

        skip(s, " \t,");
        if (!starts_parameter(*s))
            return true;
        name = take_token(s);
        skip(s, " \t");
        s->p++; /* "=" */
        s->n--;
        if (!take_value(s, &value))
            return false;
        keep(c, name, &value);
        skip(s, " \t");
        if (s->n > 0 && s->p[0] != ',')
            return false;
    }
}

static enum challenge_scheme
scheme_of(struct str name)
{
    if (str_eq_nocase(name, "Bearer"))
        return CHALLENGE_BEARER;
    return str_eq_nocase(name, "Basic") ? CHALLENGE_BASIC : CHALLENGE_NONE;
}

static void
skip_token68(struct str *s)
{
    take_token(s);
    skip(s, "/");
    while (s->n > 0 && s->p[0] != ',' && s->p[0] != ' ') {
        s->p++;
        s->n--;
    }
}

bool
challenge_parse(struct str value, struct challenge *c)
{
    if (value.n > CHALLENGE_MAX)
        return false;
    for (;;) {
        cleanup_challenge struct challenge one = CHALLENGE_INIT;
        struct str name;

        skip(&value, " \t,");
        if (value.n == 0)
            return true;
        name = take_token(&value);
        if (name.n == 0 || (value.n > 0 && strchr(" \t,", value.p[0]) == NULL))
            return false;
        one.scheme = scheme_of(name);
        skip(&value, " \t");
        if (value.n > 0 && value.p[0] != ',' && !starts_parameter(value))
            skip_token68(&value);
        if (!take_parameters(&value, &one))
            return false;
        if (one.scheme <= c->scheme)
            continue;
        challenge_done(c);
        *c = one;
        one = (struct challenge)CHALLENGE_INIT;
    }
}
