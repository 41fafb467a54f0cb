/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_SINK_H
#define IMAGES_SINK_H

/*
 * Where a stream of bytes goes: the next stage of a pipeline (tar, gzip, digest, file).  write
 * takes all n bytes or fails with err set.
 */

#include <stddef.h>

#include "base/attr.h"

struct err;

struct sink {
    int (*write)(void *ctx, const void *p, size_t n, struct err *err);
    void *ctx;
};

static inline NODISCARD int
sink_write(const struct sink *s, const void *p, size_t n, struct err *err)
{
    return s->write(s->ctx, p, n, err);
}

#endif
