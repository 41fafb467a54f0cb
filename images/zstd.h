/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_ZSTD_H
#define IMAGES_ZSTD_H

/*
 * One zstd frame (RFC 8878) with a checksum and without its content's size, by libzstd's own
 * threads.  The library cuts the input into jobs whose size follows from the level alone, so their
 * number does not show in the bytes; without any thread of its own it would not cut at all and give
 * other bytes, so there is always one.
 */

struct compressor_kind;

extern const struct compressor_kind zstd_kind;

/* "libzstd 1.5.4" for --version. */
const char *zstd_library_version(void);

#endif
