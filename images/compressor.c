/* SPDX-License-Identifier: Apache-2.0 */
#include "images/compressor.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpus.h"
#include "base/err.h"
#include "base/mem.h"
#include "images/gzip.h"
#include "images/none.h"
#include "images/zstd.h"

static const struct compressor_kind *const kinds[] = {&gzip_kind, &zstd_kind, &none_kind};

struct compressor {
    const struct compressor_kind *kind;
    struct stages *stages;
    void *state;
};

const struct compressor_kind *
compressor_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

int
compressor_check_level(const struct compressor_kind *k, int level, struct err *err)
{
    if (level == 0 || (level >= k->level_min && level <= k->level_max))
        return 0;
    if (k->level_max == 0)
        return err_set(err, ERR_USAGE, "'%d': %s has no levels", level, k->name);
    return err_set(err, ERR_USAGE, "'%d': %s has the levels %d to %d", level, k->name, k->level_min,
                   k->level_max);
}

static unsigned
count_threads(unsigned asked)
{
    unsigned n = asked > 0 ? asked : cpus_usable();

    return n < STAGES_THREADS_MAX ? n : STAGES_THREADS_MAX;
}

struct compressor *
compressor_new(const struct compressor_kind *k, const struct compressor_opts *o)
{
    struct compressor *c = mem_alloc(sizeof(*c));
    struct compressor_opts opts = *o;
    struct stages_opts stages = {.stages = k->stages, .n = k->n_stages, .chunk = k->chunk};

    if (opts.level == 0)
        opts.level = k->level;
    assert(opts.level >= k->level_min && opts.level <= k->level_max);
    opts.threads = count_threads(opts.threads);
    stages.threads = opts.threads;
    if (k->threads_max > 0 && stages.threads > k->threads_max)
        stages.threads = k->threads_max;
    c->kind = k;
    c->state = stages.ctx = k->start(&opts);
    c->stages = stages_new(&stages);
    return c;
}

void
compressor_free(struct compressor *c)
{
    if (c == NULL)
        return;
    /* First the threads, which use the state. */
    stages_free(c->stages);
    c->kind->free(c->state);
    free(c);
}

void
compressor_freep(struct compressor **c)
{
    compressor_free(*c);
}

int
compressor_write(struct compressor *c, const void *p, size_t n, struct err *err)
{
    return stages_write(c->stages, p, n, err);
}

int
compressor_finish(struct compressor *c, struct err *err)
{
    if (stages_finish(c->stages, err) < 0)
        return -1;
    return c->kind->finish != NULL ? c->kind->finish(c->state, err) : 0;
}

int
compressor_pass_on(const struct sink *to, const struct stages_chunk *c, struct err *err)
{
    return to->write != NULL && c->in_n > 0 ? sink_write(to, c->in, c->in_n, err) : 0;
}
