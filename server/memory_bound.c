/* SPDX-License-Identifier: Apache-2.0 */
#include "server/memory_bound.h"

#include "base/attr.h"
#include "base/buf.h"
#include "server/conn.h"
#include "server/db.h"
#include "server/pool.h"
#include "server/settings.h"

/* Of the pool that a database's route may have: as many as were asked for, or may be needed. */
static uint64_t
threads_of(const struct settings *s)
{
    if (s->database == NULL)
        return 0;
    return s->pool.threads > 0 ? s->pool.threads : s->pool.max_threads;
}

struct memory_bound
memory_bound_of(const struct settings *s)
{
    struct memory_bound b = {
        .buffers = s->memory_bytes,
        .connections = (uint64_t)s->connections * sizeof(struct conn),
        .files = s->n_mounts > 0 ? s->files.cache_bytes : 0,
        .answers = s->database != NULL ? s->cache_bytes : 0,
        .log = s->log.access.file != NULL ? s->log.access.buffer_bytes : 0,
        .threads = threads_of(s) * (POOL_STACK_BYTES + POOL_UNSENT_MAX + DB_CACHE_BYTES),
    };

    b.total = b.buffers + b.connections + b.files + b.answers + b.log + b.threads;
    return b;
}

static double
mib(uint64_t bytes)
{
    return (double)bytes / (1024 * 1024);
}

void
memory_bound_format(const struct memory_bound *b, struct buf *out)
{
    const struct {
        const char *name;
        uint64_t bytes;
    } parts[] = {
        {"buffers", b->buffers}, {"connections", b->connections},
        {"files", b->files},     {"answers", b->answers},
        {"log", b->log},         {"threads", b->threads},
    };

    buf_appendf(out, "a worker takes at most %.1f MiB:", mib(b->total));
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (parts[i].bytes > 0)
            buf_appendf(out, "%s %s %.1f", i > 0 ? "," : "", parts[i].name, mib(parts[i].bytes));
    }
}
