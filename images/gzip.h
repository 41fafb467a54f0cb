/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_GZIP_H
#define IMAGES_GZIP_H

/*
 * A gzip stream (RFC 1952) of one single member, without time or name.  One member is a must: the
 * indexers for lazy loading on Fargate find nothing in concatenated ones.
 *
 * The input is cut into chunks of GZIP_CHUNK bytes, each compressed on its own by libdeflate on any
 * thread, and the pieces are joined into one deflate stream: in every piece but the last the
 * "final" bit is cleared and an empty stored block is put behind it, which ends it on a byte
 * boundary (the sync flush of zlib).
 */

struct compressor_kind;

enum { GZIP_CHUNK = 2 * 1024 * 1024 };

extern const struct compressor_kind gzip_kind;

/* "libdeflate 1.14" for --version. */
const char *gzip_library_version(void);

#endif
