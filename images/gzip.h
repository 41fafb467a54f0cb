/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_GZIP_H
#define IMAGES_GZIP_H

/*
 * A gzip stream (RFC 1952) of one single member, without time or name.  One member is a must: the
 * indexers for lazy loading on Fargate find nothing in concatenated ones.
 *
 * The input is cut into chunks of GZIP_CHUNK bytes, each compressed on its own by libdeflate, and
 * the pieces are joined into one deflate stream: in every piece but the last the "final" bit is
 * cleared and an empty stored block is put behind it, which ends it on a byte boundary (the sync
 * flush of zlib).  So memory does not grow with the input, the bytes depend on input, level and
 * libdeflate's version only, and chunks could be compressed by several threads without changing a
 * byte.
 */

#include <stddef.h>

#include "base/attr.h"
#include "images/sink.h"

struct err;
struct gzip;

enum {
    GZIP_CHUNK = 2 * 1024 * 1024,
    GZIP_LEVEL_MIN = 1,
    GZIP_LEVEL_MAX = 12,
    /* About half the time of level 6 for some 3 % more bytes.  Another value here changes the
     * digest of every image. */
    GZIP_LEVEL = 4
};

/* sink is copied. */
struct gzip *gzip_new(int level, const struct sink *sink);
void gzip_free(struct gzip *g);
void gzip_freep(struct gzip **g);
#define cleanup_gzip __attribute__((cleanup(gzip_freep)))

int gzip_write(struct gzip *g, const void *p, size_t n, struct err *err) NODISCARD;
int gzip_finish(struct gzip *g, struct err *err) NODISCARD; /* the last chunk and the trailer */

/* "libdeflate 1.14" for --version. */
const char *gzip_library_version(void);

#endif
