/* SPDX-License-Identifier: Apache-2.0 */
#include "server/iobuf.h"

#include <string.h>

#include "base/mem.h"

void
iobuf_pool_init(struct iobuf_pool *pool, size_t block, unsigned max_free)
{
    *pool = (struct iobuf_pool){.block = block, .max = max_free};
}

void
iobuf_pool_done(struct iobuf_pool *pool)
{
    while (pool->free != NULL) {
        void *block = pool->free;

        pool->free = *(void **)block;
        free(block);
    }
    pool->n = 0;
}

static char *
take_block(struct iobuf_pool *pool)
{
    void *block = pool->free;

    if (block == NULL)
        return mem_realloc(NULL, pool->block, 1);
    pool->free = *(void **)block;
    pool->n--;
    return block;
}

static void
give_block(struct iobuf_pool *pool, void *block)
{
    if (pool->n >= pool->max) {
        free(block);
        return;
    }
    *(void **)block = pool->free;
    pool->free = block;
    pool->n++;
}

void
iobuf_release(struct iobuf *b)
{
    if (b->p == NULL)
        return;
    b->pool->used -= b->cap;
    if (b->cap == b->pool->block)
        give_block(b->pool, b->p);
    else
        free(b->p);
    b->p = NULL;
    b->start = b->end = b->cap = 0;
}

size_t
iobuf_space(const struct iobuf *b)
{
    return b->cap - b->end;
}

static void
grow(struct iobuf *b, size_t need)
{
    size_t cap = b->pool->block;
    size_t used = iobuf_n(b);
    char *p;

    while (cap < need)
        cap *= 2;
    p = cap == b->pool->block ? take_block(b->pool) : mem_realloc(NULL, cap, 1);
    if (b->p != NULL)
        memcpy(p, b->p + b->start, used);
    iobuf_release(b);
    b->p = p;
    b->cap = cap;
    b->end = used;
    b->pool->used += cap;
}

char *
iobuf_make_room(struct iobuf *b, size_t n)
{
    size_t used = iobuf_n(b);

    if (b->p == NULL || used + n > b->cap) {
        grow(b, used + n);
    } else {
        memmove(b->p, b->p + b->start, used);
        b->start = 0;
        b->end = used;
    }
    return b->p + b->end;
}

void
iobuf_append(struct iobuf *b, const void *p, size_t n)
{
    if (n == 0)
        return;
    memcpy(iobuf_room(b, n), p, n);
    b->end += n;
}

void
iobuf_append_view(struct iobuf *b, struct str s)
{
    iobuf_append(b, s.p, s.n);
}

void
iobuf_cut(struct iobuf *b, size_t at, size_t n)
{
    char *hole = b->p + b->start + at;

    memmove(hole, hole + n, iobuf_n(b) - at - n);
    b->end -= n;
}
