/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_PACK_WRITE_H
#define SERVER_PACK_WRITE_H

/*
 * Makes an archive (pack.h) of a folder: all files that --static would serve out of it.  The same
 * names and contents give the same bytes; times do not matter, but that a compressed file which is
 * older than its original is refused instead of being left out in silence.
 */

#include <stdint.h>

#include "base/attr.h"

struct err;

struct pack_made {
    uint64_t files, bytes;
};

/* "-" is standard output. */
int pack_write(const char *folder, const char *path, struct pack_made *made,
               struct err *err) NODISCARD;

#endif
