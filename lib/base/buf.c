/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"

enum { BUF_FIRST = 64 };

void
buf_done(struct buf *b)
{
    int saved = errno;

    free(b->p);
    errno = saved;
    b->p = NULL;
    b->n = 0;
    b->cap = 0;
}

char *
buf_room(struct buf *b, size_t n)
{
    size_t cap = b->cap > 0 ? b->cap : BUF_FIRST;

    if (b->overflow || b->n > b->limit || n > b->limit - b->n) {
        b->overflow = true;
        return NULL;
    }
    if (b->n + n >= SIZE_MAX / 4)
        mem_fail(n); /* a limit that is none */
    while (cap < b->n + n + 1)
        cap *= 2;
    if (cap != b->cap) {
        b->p = mem_realloc(b->p, cap, 1);
        b->cap = cap;
    }
    b->p[b->n] = '\0';
    return b->p + b->n;
}

void
buf_added(struct buf *b, size_t n)
{
    b->n += n;
    b->p[b->n] = '\0';
}

void
buf_append(struct buf *b, const void *p, size_t n)
{
    char *room = buf_room(b, n);

    if (room == NULL)
        return;
    if (n > 0)
        memcpy(room, p, n);
    buf_added(b, n);
}

void
buf_append_str(struct buf *b, const char *s)
{
    buf_append(b, s, strlen(s));
}

void
buf_append_view(struct buf *b, struct str s)
{
    buf_append(b, s.p, s.n);
}

void
buf_append_char(struct buf *b, char c)
{
    char *room = buf_room(b, 1);

    if (room == NULL)
        return;
    *room = c;
    buf_added(b, 1);
}

void
buf_appendf(struct buf *b, const char *fmt, ...)
{
    char *room;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0 || (room = buf_room(b, (size_t)n)) == NULL) {
        b->overflow = true;
        return;
    }
    va_start(ap, fmt);
    vsnprintf(room, (size_t)n + 1, fmt, ap);
    va_end(ap);
    buf_added(b, (size_t)n);
}

void
buf_consume(struct buf *b, size_t n)
{
    if (n == 0)
        return;
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
    b->p[b->n] = '\0';
}

void
buf_clear(struct buf *b)
{
    b->n = 0;
    b->overflow = false;
    if (b->p != NULL)
        b->p[0] = '\0';
}

int
buf_finish(const struct buf *b, struct err *err)
{
    if (b->overflow)
        return err_set(err, ERR_LIMIT, "larger than %zu bytes", b->limit);
    return 0;
}

struct str
buf_view(const struct buf *b)
{
    return (struct str){buf_cstr(b), b->n};
}

const char *
buf_cstr(const struct buf *b)
{
    return b->p != NULL ? b->p : "";
}

char *
buf_take(struct buf *b)
{
    char *p = b->p != NULL ? b->p : mem_strdup("");

    b->p = NULL;
    b->n = 0;
    b->cap = 0;
    return p;
}
