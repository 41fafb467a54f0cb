/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_MEMORY_BOUND_H
#define SERVER_MEMORY_BOUND_H

/*
 * What a worker takes at most, by its settings: each kind of memory that grows with what clients do
 * has a ceiling, and this is their sum.  What does not grow comes on top: the program itself (about
 * 1 MB), and per running query the largest row.
 */

#include <stdint.h>

struct buf;
struct settings;

struct memory_bound {
    uint64_t buffers;     /* of connections: --limit-memory */
    uint64_t connections; /* what is known of each: --worker-connections */
    uint64_t files;       /* --static-cache-size */
    uint64_t answers;     /* --cache-size */
    uint64_t log;         /* --access-log-buffer */
    uint64_t threads;     /* stacks, results on their way, caches of databases: --max-threads */
    uint64_t total;
};

struct memory_bound memory_bound_of(const struct settings *s);

/* "a worker takes at most 76.3 MiB: buffers 64.0, connections 0.9, ..." */
void memory_bound_format(const struct memory_bound *b, struct buf *out);

#endif
