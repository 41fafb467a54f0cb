/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_SQL_CACHE_H
#define SERVER_SQL_CACHE_H

/*
 * Answers that are kept for a while, in one worker's memory, which is bounded: the ones that were
 * not asked for the longest time go first.  An entry is there from the moment its answer is asked
 * for, so that all who ask meanwhile wait for the same one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct sql_cache;

struct sql_entry {
    struct sql_entry *next;          /* in its bucket */
    struct sql_entry *newer, *older; /* filled ones, by use */
    uint64_t hash;
    void *owner; /* who makes the answer; NULL once it is filled */
    int64_t expires_ms;
    unsigned ttl_s;
    char etag[24];                 /* with its quotes */
    struct str key, headers, body; /* in bytes */
    char *bytes;
};

struct sql_cache *sql_cache_new(uint64_t max_bytes);
void sql_cache_free(struct sql_cache *c); /* NULL is fine */

/* A filled one that is still good, or one in the making; NULL: none. */
struct sql_entry *sql_cache_find(struct sql_cache *c, struct str key, int64_t now_ms);

/* One in the making. */
struct sql_entry *sql_cache_add(struct sql_cache *c, struct str key, void *owner);

/* Its answer.  False: it is too large to be kept, and the entry is gone. */
bool sql_cache_fill(struct sql_cache *c, struct sql_entry *e, struct str headers, struct str body,
                    unsigned ttl_s, int64_t now_ms);

/* It is not to be kept. */
void sql_cache_drop(struct sql_cache *c, struct sql_entry *e);

/* The largest answer that is worth keeping. */
size_t sql_cache_largest(const struct sql_cache *c);

#endif
