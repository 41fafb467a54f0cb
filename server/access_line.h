/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_ACCESS_LINE_H
#define SERVER_ACCESS_LINE_H

/* A line in the making, in memory of a fixed size.  Whoever writes fixed text has seen to it that
 * there is room (access_format.c sums it up); values from outside get what is left. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

struct access_line {
    char *p;
    char *end; /* what is behind it is kept for the fixed text to come */
    bool json;
    bool lacks;    /* a value was not there since this was set to false */
    char *mark;    /* where an optional part began */
    unsigned part; /* how many of them there were */
    bool forced;   /* when a format is checked: keep says which stay, a bit each */
    uint64_t keep;
};

/* Bytes behind a line's memory, and behind texts for access_line_literal(), that may be touched:
 * a copy in whole steps is several times faster than one of an exact length. */
enum { ACCESS_LINE_STEP = 16 };

static inline void
access_line_literal(struct access_line *l, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i += ACCESS_LINE_STEP)
        memcpy(l->p + i, p + i, ACCESS_LINE_STEP);
    l->p += n;
}

/* Best where the compiler knows n. */
static inline void
access_line_raw(struct access_line *l, const void *p, size_t n)
{
    memcpy(l->p, p, n);
    l->p += n;
}

#define ACCESS_LINE_LIT(l, literal) access_line_raw((l), (literal), sizeof(literal) - 1)

void access_line_number(struct access_line *l, uint64_t v);

/* With leading zeros. */
void access_line_digits(struct access_line *l, uint64_t v, unsigned width);

/* What stands for a value that is not there. */
void access_line_no_text(struct access_line *l);
void access_line_no_number(struct access_line *l);

/* A value from outside: escaped, and cut off where it would take more than half of what is left. */
void access_line_value(struct access_line *l, struct str value);

#endif
