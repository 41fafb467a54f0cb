/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_STR_H
#define BASE_STR_H

/*
 * A view of bytes, by value: what parsers hand around.  It owns nothing and is not NUL-terminated.
 */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

#define STR_FMT          "%.*s"
#define STR_ARG(s)       (int)(s).n, (s).p
#define STR_LIT(literal) ((struct str){literal, sizeof(literal) - 1})

static inline struct str
str_from(const char *s)
{
    return (struct str){s, s != NULL ? strlen(s) : 0};
}

/* Inline, so that the length of a literal costs nothing. */
static inline bool
str_eq(struct str a, const char *b)
{
    size_t n = strlen(b);

    return a.n == n && (n == 0 || memcmp(a.p, b, n) == 0);
}

bool str_eq_nocase(struct str a, const char *b); /* ASCII letters only, whatever the locale */
bool str_starts(struct str s, const char *prefix);
bool str_ends(struct str s, const char *suffix);

/* Position of the first c, or -1. */
ptrdiff_t str_find(struct str s, char c);

/* Cuts s at the first sep: returns what lies before it and leaves the rest in *s (empty, with a
 * NULL pointer, when there was no sep).  A loop `while (s.p != NULL)` sees every field, empty ones
 * too. */
struct str str_cut(struct str *s, char sep);

/* Without blanks, tabs, CR and LF at both ends. */
struct str str_trim(struct str s);

/* The candidate nearest to word by edit distance, for "did you mean"; NULL when none is near.
 * candidates ends with NULL. */
const char *str_nearest(const char *word, const char *const *candidates);

#endif
