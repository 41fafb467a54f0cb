/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_INFLATE_H
#define IMAGES_INFLATE_H

/*
 * Undoes a layer's compression, whatever its media type says: the first bytes tell, as they do for
 * containerd and Docker.  gzip with any number of members (RFC 1952), zstd with any number of
 * frames (RFC 8878), or none.  What follows the end is dropped, and remembered.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "images/sink.h"

struct err;
struct inflate;
struct limits;

enum inflate_kind { INFLATE_UNKNOWN, INFLATE_NONE, INFLATE_GZIP, INFLATE_ZSTD };

enum { INFLATE_MAGIC = 4 }; /* bytes that tell */

/* By the first n bytes; ERR_UNSUPPORTED for compressions that layers do not have. */
int inflate_detect(const void *p, size_t n, enum inflate_kind *out, struct err *err) NODISCARD;

/* sink is copied, limits is borrowed. */
struct inflate *inflate_new(const struct sink *sink, struct limits *limits);
void inflate_free(struct inflate *f);
void inflate_freep(struct inflate **f);
#define cleanup_inflate __attribute__((cleanup(inflate_freep)))

/* The signature of a sink's write. */
int inflate_write(void *ctx, const void *p, size_t n, struct err *err) NODISCARD;

/* ERR_INVALID when the stream was cut short. */
int inflate_finish(struct inflate *f, struct err *err) NODISCARD;

enum inflate_kind inflate_kind(const struct inflate *f);
bool inflate_has_trailer(const struct inflate *f);

#endif
