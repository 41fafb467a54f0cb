/* SPDX-License-Identifier: Apache-2.0 */
#include "images/none.h"

#include <stdlib.h>

#include "base/mem.h"
#include "images/blob.h"
#include "images/compressor.h"

enum { CHUNK = 1024 * 1024 };

enum { WATCH, EMIT, N_STAGES };

static int
watch(void *ctx, unsigned thread, struct stages_chunk *c, struct err *err)
{
    const struct compressor_opts *o = ctx;

    (void)thread;
    return compressor_pass_on(&o->plain, c, err);
}

static int
emit(void *ctx, unsigned thread, struct stages_chunk *c, struct err *err)
{
    const struct compressor_opts *o = ctx;

    (void)thread;
    return compressor_pass_on(&o->out, c, err);
}

static void *
start(const struct compressor_opts *o)
{
    struct compressor_opts *state = mem_alloc(sizeof(*state));

    *state = *o;
    return state;
}

static const struct stage stages[N_STAGES] = {
    [WATCH] = {true, -1, watch},
    [EMIT] = {true, -1, emit},
};

const struct compressor_kind none_kind = {
    .name = "none",
    .media_type = BLOB_TAR,
    .chunk = CHUNK,
    .threads_max = N_STAGES + 1, /* and the one that writes */
    .stages = stages,
    .n_stages = N_STAGES,
    .start = start,
    .free = free,
};
