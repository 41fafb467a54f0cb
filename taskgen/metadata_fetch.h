/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TASKGEN_METADATA_FETCH_H
#define TASKGEN_METADATA_FETCH_H

/*
 * How lib/cpu reads the ECS task metadata in this program: a cpu_fetch_fn over lib/net.  The
 * address is the container's own link-local one, so no proxy of the environment is ever asked.
 */

#include "base/attr.h"

struct buf;
struct err;

/* ctx is not used.  Any answer but 200 is ERR_PROTOCOL. */
int metadata_fetch(void *ctx, const char *url, unsigned timeout_ms, struct buf *out,
                   struct err *err) NODISCARD;

#endif
