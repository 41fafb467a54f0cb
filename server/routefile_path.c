/* SPDX-License-Identifier: Apache-2.0 */

/* Paths of routes: what they may look like, their order, and which of them a request's path is. */

#include <string.h>

#include "base/mem.h"
#include "server/http_parse.h"
#include "server/routefile.h"

struct str
routefile_path_next(struct str *rest)
{
    struct str segment;
    const char *slash;

    if (rest->n == 0)
        return (struct str){NULL, 0};
    segment = (struct str){rest->p + 1, rest->n - 1};
    slash = segment.n > 0 ? memchr(segment.p, '/', segment.n) : NULL;
    if (slash != NULL)
        segment.n = (size_t)(slash - segment.p);
    rest->p = segment.p + segment.n;
    rest->n -= segment.n + 1;
    return segment;
}

static bool
is_param(struct str segment)
{
    return segment.n > 0 && segment.p[0] == '{';
}

/* What a sender would never escape. */
static bool
is_literal(struct str segment)
{
    if (str_eq(segment, ".") || str_eq(segment, ".."))
        return false;
    for (size_t i = 0; i < segment.n; i++) {
        char c = segment.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!letter && strchr("-._~!$&'()*+,;=:@", c) == NULL)
            return false;
    }
    return true;
}

static const char *
fault_of(struct str segment, bool first, bool last)
{
    if (is_param(segment)) {
        if (segment.p[segment.n - 1] != '}' ||
            !routefile_is_name((struct str){segment.p + 1, segment.n - 2}))
            return "a parameter stands alone between two slashes: {name}";
        return first ? "the first part must be no parameter: write /name/{parameter}" : NULL;
    }
    if (segment.n == 0 && !last)
        return "two slashes follow each other";
    return is_literal(segment) ? NULL
                               : "only letters, digits, - . _ ~ and the like are allowed in a path";
}

void
routefile_path_check(struct routefile_parser *p, struct routefile_route *r)
{
    struct str rest = str_from(r->path);
    struct str segment;
    bool first = true;

    if (rest.n == 0 || rest.p[0] != '/') {
        routefile_fault(p, r->line, "'%s': a path begins with a slash", r->path);
        r->path[0] = '\0';
        return;
    }
    r->literal = rest.n;
    while ((segment = routefile_path_next(&rest)).p != NULL) {
        const char *fault = fault_of(segment, first, rest.n == 0);

        if (fault != NULL) {
            routefile_fault(p, r->line, "'%s': %s", r->path, fault);
            return;
        }
        if (is_param(segment) && r->literal == strlen(r->path))
            r->literal = (size_t)(segment.p - r->path) - 1;
        first = false;
    }
    r->mount = mem_strndup(r->path, r->literal);
    if (r->literal == strlen(r->path) && r->literal > 1 && r->path[r->literal - 1] == '/')
        r->bare = mem_strndup(r->path, r->literal - 1);
}

/* Literals before parameters, segment by segment. */
int
routefile_path_compare(const char *a, const char *b)
{
    struct str rest_a = str_from(a);
    struct str rest_b = str_from(b);

    for (;;) {
        struct str x = routefile_path_next(&rest_a);
        struct str y = routefile_path_next(&rest_b);
        size_t n = x.n < y.n ? x.n : y.n;
        int order;

        if (x.p == NULL || y.p == NULL)
            return (x.p != NULL) - (y.p != NULL);
        if (is_param(x) != is_param(y))
            return is_param(x) ? 1 : -1;
        if (is_param(x))
            continue;
        order = n > 0 ? memcmp(x.p, y.p, n) : 0;
        if (order != 0 || x.n != y.n)
            return order != 0 ? order : x.n < y.n ? -1 : 1;
    }
}

static bool
matches(const struct routefile_route *r, struct str path, struct str *values)
{
    struct str pattern = str_from(r->path);

    if (path.n < r->literal || memcmp(path.p, r->path, r->literal) != 0)
        return false;
    pattern.p += r->literal;
    pattern.n -= r->literal;
    path.p += r->literal;
    path.n -= r->literal;
    while (pattern.n > 0 && path.n > 0) {
        struct str want = routefile_path_next(&pattern);
        struct str have;

        if (path.p[0] != '/')
            return false;
        have = routefile_path_next(&path);
        if (is_param(want)) {
            int param = routefile_param_find(r, (struct str){want.p + 1, want.n - 2});

            if (have.n == 0)
                return false;
            values[param] = have;
        } else if (have.n != want.n || memcmp(have.p, want.p, want.n) != 0) {
            return false;
        }
    }
    return pattern.n == 0 && path.n == 0;
}

const struct routefile_route *
routefile_match(const struct routefile *f, unsigned method, struct str path,
                struct str values[ROUTEFILE_PARAMS_MAX], unsigned *allowed)
{
    *allowed = 0;
    for (size_t i = 0; i < f->n; i++) {
        const struct routefile_route *r = &f->v[i];

        if ((r->method & method) == 0 && (*allowed & r->method) != 0)
            continue;
        if (!matches(r, path, values))
            continue;
        if (r->method == method)
            return r;
        *allowed |= r->method;
    }
    return NULL;
}
