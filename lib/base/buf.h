/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

/*
 * A growing buffer of bytes with a ceiling it may never pass.  Appending is sticky: once the
 * ceiling would be passed, the buffer stops growing and buf_finish() reports it, so callers append
 * freely and check once.  The content is always followed by a NUL that does not count.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct err;

struct buf {
    char *p; /* NULL while empty */
    size_t n;
    size_t cap;
    size_t limit;
    bool overflow;
};

#define BUF_INIT(max)            \
    {                            \
        NULL, 0, 0, (max), false \
    }

void buf_done(struct buf *b);
#define cleanup_buf __attribute__((cleanup(buf_done)))

void buf_append(struct buf *b, const void *p, size_t n);
void buf_append_str(struct buf *b, const char *s);
void buf_append_view(struct buf *b, struct str s);
void buf_append_char(struct buf *b, char c);
void buf_appendf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Makes room for n more bytes and returns where to write them (then buf_added()), or NULL when the
 * ceiling is in the way. */
char *buf_room(struct buf *b, size_t n);
void buf_added(struct buf *b, size_t n);

/* Drops the first n bytes. */
void buf_consume(struct buf *b, size_t n);
void buf_clear(struct buf *b); /* keeps the memory, forgets content and overflow */

/* 0, or ERR_LIMIT when an append did not fit. */
int buf_finish(const struct buf *b, struct err *err) NODISCARD;

struct str buf_view(const struct buf *b);
const char *buf_cstr(const struct buf *b); /* "" when empty; borrowed */
char *buf_take(struct buf *b);             /* the content as a malloc'ed string, never NULL */

#endif
