/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <stdint.h>

enum { NEAREST_WORD_MAX = 64 };

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool
str_eq_nocase(struct str a, const char *b)
{
    if (a.n != strlen(b))
        return false;
    for (size_t i = 0; i < a.n; i++) {
        if (lower(a.p[i]) != lower(b[i]))
            return false;
    }
    return true;
}

bool
str_starts(struct str s, const char *prefix)
{
    size_t n = strlen(prefix);

    return s.n >= n && (n == 0 || memcmp(s.p, prefix, n) == 0);
}

bool
str_ends(struct str s, const char *suffix)
{
    size_t n = strlen(suffix);

    return s.n >= n && (n == 0 || memcmp(s.p + (s.n - n), suffix, n) == 0);
}

ptrdiff_t
str_find(struct str s, char c)
{
    const char *hit = s.n > 0 ? memchr(s.p, c, s.n) : NULL;

    return hit != NULL ? hit - s.p : -1;
}

struct str
str_cut(struct str *s, char sep)
{
    ptrdiff_t at = str_find(*s, sep);
    struct str head = *s;

    if (at < 0) {
        *s = (struct str){NULL, 0};
        return head;
    }
    head.n = (size_t)at;
    s->p += at + 1;
    s->n -= (size_t)at + 1;
    return head;
}

struct str
str_trim(struct str s)
{
    while (s.n > 0 && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

static size_t
smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;

    return least < c ? least : c;
}

/* Edit distance in which two neighbours that changed places count as one slip, as fingers make it
 * (optimal string alignment).  Rows of the table go round in three buffers. */
static size_t
edit_distance(const char *a, size_t an, const char *b, size_t bn)
{
    size_t rows[3][NEAREST_WORD_MAX + 1];

    for (size_t j = 0; j <= bn; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= an; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= bn; j++) {
            bool same = lower(a[i - 1]) == lower(b[j - 1]);

            row[j] = smallest(above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1));
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]))
                row[j] = smallest(row[j], two_above[j - 2] + 1, SIZE_MAX);
        }
    }
    return rows[an % 3][bn];
}

const char *
str_nearest(const char *word, const char *const *candidates)
{
    size_t n = strlen(word);
    size_t best = SIZE_MAX;
    const char *nearest = NULL;

    if (n > NEAREST_WORD_MAX)
        return NULL;
    for (; *candidates != NULL; candidates++) {
        size_t cn = strlen(*candidates);
        size_t d = cn <= NEAREST_WORD_MAX ? edit_distance(word, n, *candidates, cn) : SIZE_MAX;

        if (d < best) {
            best = d;
            nearest = *candidates;
        }
    }
    return best <= (n > 5 ? 2 : 1) ? nearest : NULL;
}
