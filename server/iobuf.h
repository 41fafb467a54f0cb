/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_IOBUF_H
#define SERVER_IOBUF_H

/*
 * A connection's buffer.  Memory comes from a worker's pool of equal blocks and goes back as soon
 * as the buffer is empty, so that an idle connection holds none; a buffer that must grow past a
 * block gets memory of its own.  The caller keeps its size bounded.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct iobuf_pool {
    size_t block;
    unsigned n, max; /* free blocks that are kept */
    void *free;
    size_t used; /* bytes of all buffers, free blocks not counted */
};

struct iobuf {
    struct iobuf_pool *pool;
    char *p;
    size_t start, end, cap;
};

void iobuf_pool_init(struct iobuf_pool *pool, size_t block, unsigned max_free);
void iobuf_pool_done(struct iobuf_pool *pool);

static inline size_t
iobuf_n(const struct iobuf *b)
{
    return b->end - b->start;
}

/* The same by moving or growing what is there. */
char *iobuf_make_room(struct iobuf *b, size_t n);

/* At least n bytes to write at the end. */
static inline char *
iobuf_room(struct iobuf *b, size_t n)
{
    return b->p != NULL && b->cap - b->end >= n ? b->p + b->end : iobuf_make_room(b, n);
}

size_t iobuf_space(const struct iobuf *b); /* behind the end, as it is */

void iobuf_append(struct iobuf *b, const void *p, size_t n);
void iobuf_append_view(struct iobuf *b, struct str s);

/* Drops n bytes at the start; at: n bytes from that offset of the content. */
static inline void
iobuf_consume(struct iobuf *b, size_t n)
{
    b->start += n;
    if (b->start == b->end)
        b->start = b->end = 0;
}

void iobuf_cut(struct iobuf *b, size_t at, size_t n);

/* Gives the memory back, content or not. */
void iobuf_release(struct iobuf *b);

#endif
