/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_NONE_H
#define IMAGES_NONE_H

/* The layer as its tar is.  The blob's digest is the diffID. */

struct compressor_kind;

extern const struct compressor_kind none_kind;

#endif
