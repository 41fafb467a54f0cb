/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_range.h"

#include <stdbool.h>
#include <string.h>

#include "server/http_chars.h"
#include "server/http_parse.h"

/* About what a part of multipart/byteranges costs besides its bytes. */
enum { PART_HEAD = 80 };

/* A number of any length: what does not fit is beyond every file.  False when it is none. */
static bool
parse_position(struct str s, uint64_t *out)
{
    uint64_t v = 0;

    if (s.n == 0 || !http_chars_all(s, HTTP_CHAR_DIGIT))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned)(s.p[i] - '0');

        v = v > (UINT64_MAX - digit) / 10 ? UINT64_MAX : v * 10 + digit;
    }
    *out = v;
    return true;
}

/* False when it is no range-spec; n is 0 when it lies outside. */
static bool
parse_spec(struct str spec, uint64_t size, struct http_range *out)
{
    uint64_t first, last;
    struct str tail = spec;
    struct str head = str_cut(&tail, '-');

    *out = (struct http_range){0, 0};
    if (tail.p == NULL)
        return false;
    if (head.n == 0) {
        if (!parse_position(tail, &last))
            return false;
        out->n = last < size ? last : size;
        out->first = size - out->n;
        return true;
    }
    if (!parse_position(head, &first))
        return false;
    last = UINT64_MAX;
    if (tail.n > 0 && (!parse_position(tail, &last) || last < first))
        return false;
    if (first < size)
        *out = (struct http_range){first, last < size ? last - first + 1 : size - first};
    return true;
}

static bool
are_near(const struct http_range *a, const struct http_range *b)
{
    if (a->first > b->first)
        return are_near(b, a);
    return b->first <= a->first + a->n || b->first - (a->first + a->n) < PART_HEAD;
}

static void
join(struct http_range *a, const struct http_range *b)
{
    uint64_t first = a->first < b->first ? a->first : b->first;
    uint64_t end_a = a->first + a->n;
    uint64_t end_b = b->first + b->n;

    *a = (struct http_range){first, (end_a > end_b ? end_a : end_b) - first};
}

/* Adds r to the n that are there, none of which are near one another.  A range that has grown may
 * have become near to others. */
static int
add(struct http_range *all, int n, struct http_range r)
{
    int at = n;

    for (int i = 0; i < n; i++) {
        if (!are_near(&all[i], &r))
            continue;
        join(&r, &all[i]);
        at = i < at ? i : at;
        n--;
        memmove(&all[i], &all[i + 1], (size_t)(n - i) * sizeof(*all));
        i = -1;
    }
    at = at < n ? at : n;
    memmove(&all[at + 1], &all[at], (size_t)(n - at) * sizeof(*all));
    all[at] = r;
    return n + 1;
}

int
http_range_parse(struct str value, uint64_t size, struct http_range out[HTTP_RANGE_MAX],
                 unsigned max)
{
    struct str unit = str_cut(&value, '=');
    struct str spec;
    unsigned specs = 0;
    int n = 0;

    if (value.p == NULL || !str_eq_nocase(unit, "bytes"))
        return HTTP_RANGE_NONE;
    while (http_parse_token(&value, &spec)) {
        struct http_range r;

        if (!parse_spec(spec, size, &r) || ++specs > max)
            return HTTP_RANGE_NONE;
        if (r.n > 0)
            n = add(out, n, r);
        else if (size == 0 && spec.p[0] == '-' && !str_eq(spec, "-0"))
            return HTTP_RANGE_NONE; /* the last bytes of nothing: satisfiable, and nothing */
    }
    if (specs == 0)
        return HTTP_RANGE_NONE;
    return n > 0 ? n : HTTP_RANGE_UNSATISFIABLE;
}
