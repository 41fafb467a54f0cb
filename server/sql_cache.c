/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sql_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BUCKETS_FIRST = 64, SHARE_OF_ONE = 8 };

struct bucket {
    struct sql_entry *first;
};

struct sql_cache {
    uint64_t max_bytes, bytes; /* of filled ones */
    struct bucket *buckets;
    size_t n_buckets, n;
    struct sql_entry *newest, *oldest;
};

/* FNV-1a.  The callers' keys are compared as well; of a body the length stands beside it. */
static uint64_t
hash_of(struct str s)
{
    uint64_t h = 0xcbf29ce484222325;

    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3;
    return h;
}

struct sql_cache *
sql_cache_new(uint64_t max_bytes)
{
    struct sql_cache *c = mem_alloc(sizeof(*c));

    c->max_bytes = max_bytes;
    c->n_buckets = BUCKETS_FIRST;
    c->buckets = mem_alloc(c->n_buckets * sizeof(*c->buckets));
    return c;
}

size_t
sql_cache_largest(const struct sql_cache *c)
{
    return (size_t)(c->max_bytes / SHARE_OF_ONE);
}

static uint64_t
size_of(const struct sql_entry *e)
{
    return sizeof(*e) + e->key.n + e->headers.n + e->body.n;
}

static struct sql_entry **
bucket_of(const struct sql_cache *c, uint64_t hash)
{
    return &c->buckets[hash & (c->n_buckets - 1)].first;
}

static void
grow(struct sql_cache *c)
{
    struct bucket *before = c->buckets;
    size_t n = c->n_buckets;

    c->n_buckets = n * 2;
    c->buckets = mem_alloc(c->n_buckets * sizeof(*c->buckets));
    for (size_t i = 0; i < n; i++) {
        while (before[i].first != NULL) {
            struct sql_entry *e = before[i].first;

            before[i].first = e->next;
            e->next = *bucket_of(c, e->hash);
            *bucket_of(c, e->hash) = e;
        }
    }
    free(before);
}

static void
unlist(struct sql_cache *c, struct sql_entry *e)
{
    *(e->newer != NULL ? &e->newer->older : &c->newest) = e->older;
    *(e->older != NULL ? &e->older->newer : &c->oldest) = e->newer;
    e->newer = e->older = NULL;
}

static void
list_newest(struct sql_cache *c, struct sql_entry *e)
{
    e->newer = NULL;
    e->older = c->newest;
    *(c->newest != NULL ? &c->newest->newer : &c->oldest) = e;
    c->newest = e;
}

void
sql_cache_drop(struct sql_cache *c, struct sql_entry *e)
{
    struct sql_entry **at = bucket_of(c, e->hash);

    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    c->n--;
    if (e->owner == NULL) {
        unlist(c, e);
        c->bytes -= size_of(e);
    }
    free(e->bytes);
    free(e);
}

struct sql_entry *
sql_cache_find(struct sql_cache *c, struct str key, int64_t now_ms)
{
    uint64_t hash = hash_of(key);
    struct sql_entry *e = *bucket_of(c, hash);

    while (e != NULL &&
           (e->hash != hash || e->key.n != key.n || memcmp(e->key.p, key.p, key.n) != 0))
        e = e->next;
    if (e == NULL || e->owner != NULL)
        return e;
    if (now_ms >= e->expires_ms) {
        sql_cache_drop(c, e);
        return NULL;
    }
    unlist(c, e);
    list_newest(c, e);
    return e;
}

struct sql_entry *
sql_cache_add(struct sql_cache *c, struct str key, void *owner)
{
    struct sql_entry *e = mem_alloc(sizeof(*e));

    if (c->n >= c->n_buckets)
        grow(c);
    e->bytes = mem_strndup(key.p, key.n);
    e->key = (struct str){e->bytes, key.n};
    e->hash = hash_of(key);
    e->owner = owner;
    e->next = *bucket_of(c, e->hash);
    *bucket_of(c, e->hash) = e;
    c->n++;
    return e;
}

bool
sql_cache_fill(struct sql_cache *c, struct sql_entry *e, struct str headers, struct str body,
               unsigned ttl_s, int64_t now_ms)
{
    uint64_t hash = hash_of(body);
    size_t key_n = e->key.n;

    if (body.n > sql_cache_largest(c)) {
        sql_cache_drop(c, e);
        return false;
    }
    e->bytes = mem_realloc(e->bytes, key_n + headers.n + body.n + 1, 1);
    if (headers.n > 0)
        memcpy(e->bytes + key_n, headers.p, headers.n);
    if (body.n > 0)
        memcpy(e->bytes + key_n + headers.n, body.p, body.n);
    e->key = (struct str){e->bytes, key_n};
    e->headers = (struct str){e->bytes + key_n, headers.n};
    e->body = (struct str){e->bytes + key_n + headers.n, body.n};
    e->ttl_s = ttl_s;
    e->expires_ms = now_ms + (int64_t)ttl_s * 1000;
    snprintf(e->etag, sizeof(e->etag), "\"%llx-%x\"", (unsigned long long)hash,
             (unsigned)(body.n & 0xfff));
    e->owner = NULL;
    list_newest(c, e);
    c->bytes += size_of(e);
    while (c->bytes > c->max_bytes && c->oldest != e)
        sql_cache_drop(c, c->oldest);
    return true;
}

void
sql_cache_free(struct sql_cache *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->n_buckets; i++) {
        while (c->buckets[i].first != NULL)
            sql_cache_drop(c, c->buckets[i].first);
    }
    free(c->buckets);
    free(c);
}
