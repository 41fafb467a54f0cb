/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_PACK_H
#define SERVER_PACK_H

/*
 * An archive of a folder's files that is served as it lies on disk (docs/static.md).  All numbers
 * are little-endian.
 *
 *   header     64 bytes  magic[8], version u32, files u32, text u64, size u64, check u64, zeros
 *   index      64 bytes for each file, sorted by path:
 *              path_n u32, type_n u32, coded u32[3], zero u32, at u64, size u64, digest[16],
 *              zero u64
 *   text       for each file its path and its media type, each with a NUL
 *   contents   in the order of the index, aligned
 *
 * coded is 1 + the place of the file's compressed sibling (.zst, .br, .gz), or 0.  digest is the
 * FNV-1a of 128 bits of the content, check that of 64 bits of index and text.  There is one way to
 * write a given set of files, and a reader refuses every other.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct err;

enum {
    PACK_VERSION = 1,
    PACK_HEADER = 64,
    PACK_RECORD = 64,
    PACK_CODED = 3, /* siblings a file may have */
    PACK_DIGEST = 16,
    PACK_ALIGN = 64,
    PACK_ALIGN_LARGE = 4096 /* contents of a page or more */
};

extern const char pack_magic[8];

struct pack_file {
    const char *path; /* followed by a NUL */
    size_t path_n;
    const char *type;
    uint32_t coded[PACK_CODED];
    uint64_t at, size;
    uint8_t digest[PACK_DIGEST];
};

struct pack {
    const char *bytes; /* of the whole archive */
    size_t size;
    int fd; /* -1: it is only in memory */
    bool mapped;
    char *text; /* copies, which nobody changes after they were checked */
    struct pack_file *files;
    uint32_t n;
};

/* Maps an archive; NULL and err when it cannot be opened or anything in it is not as it must be. */
struct pack *pack_open(const char *path, struct err *err);
void pack_close(struct pack *p); /* NULL is fine */

/* The same for bytes in memory, which stay the caller's. */
struct pack *pack_parse(const char *bytes, size_t size, struct err *err);

/* Whether the file is there, and its place in the index. */
bool pack_find(const struct pack *p, struct str path, uint32_t *at) NODISCARD;
/* Whether any file lies below that folder (written without its last slash). */
bool pack_has_folder(const struct pack *p, struct str path) NODISCARD;

/* Where a content of that size begins that may not begin before at. */
uint64_t pack_aligned(uint64_t at, uint64_t size);

uint64_t pack_check(const char *p, size_t n);

/* Of a content, in parts: starts as pack_digest_start. */
__extension__ typedef unsigned __int128 pack_digest_t;
extern const pack_digest_t pack_digest_start;
pack_digest_t pack_digest_add(pack_digest_t d, const void *p, size_t n);
void pack_digest_bytes(pack_digest_t d, uint8_t out[PACK_DIGEST]);

#endif
