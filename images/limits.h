/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_LIMITS_H
#define IMAGES_LIMITS_H

/*
 * What layers of strangers may cost: bytes, entries, lengths.  Each is an option of every command
 * that reads layers.  A limit counts for all layers of an image together where that makes a
 * difference (bytes and entries).
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct err;

enum {
    LIMITS_GIB = 16,            /* of all layers, uncompressed */
    LIMITS_ENTRIES = 1000000,   /* of all layers */
    LIMITS_RATIO = 500,         /* uncompressed to compressed; gzip cannot exceed 1032 */
    LIMITS_PATH = 4095,         /* bytes: what Linux takes in one call */
    LIMITS_PAX_KIB = 1024,      /* of one extended header; xattrs and long names are in it */
    LIMITS_ZSTD_MIB = 128,      /* window; what RFC 8878 asks for at least is 8 */
    LIMITS_RATIO_FROM = 1 << 26 /* bytes; below it no ratio is anything to worry about */
};

struct limits {
    uint64_t gib, entries, ratio, path, pax_kib, zstd_mib; /* options; 0 is the default */
    uint64_t bytes_used, entries_used;
};

/* Puts the defaults in where an option was not given. */
void limits_fill(struct limits *l);

/* Counts n uncompressed bytes of a layer that has in compressed bytes so far and gave out. */
int limits_count_bytes(struct limits *l, uint64_t in, uint64_t out, size_t n,
                       struct err *err) NODISCARD;
int limits_count_entry(struct limits *l, struct err *err) NODISCARD;

/* Rows of an option table; type is the options struct, whose field limits is a struct limits. */
#define LIMITS_AT(type, field) offsetof(struct type, limits.field)
#define LIMITS_OPTIONS(type)                                                                      \
    {"max-entries",                                                                               \
     0,                                                                                           \
     CLI_UINT,                                                                                    \
     LIMITS_AT(type, entries),                                                                    \
     "N",                                                                                         \
     "Refuse an image whose layers have more entries. 1000000 when not given.",                   \
     1,                                                                                           \
     1ULL << 28,                                                                                  \
     NULL},                                                                                       \
        {"max-pax", 0,                                                                            \
         CLI_UINT,  LIMITS_AT(type, pax_kib),                                                     \
         "KIB",     "Refuse longer extended headers. 1024 when not given.",                       \
         1,         1 << 20,                                                                      \
         NULL},                                                                                   \
        {"max-path", 0,                                                                           \
         CLI_UINT,   LIMITS_AT(type, path),                                                       \
         "BYTES",    "Refuse longer paths in layers. 4095 when not given.",                       \
         1,          65535,                                                                       \
         NULL},                                                                                   \
        {"max-ratio",                                                                             \
         0,                                                                                       \
         CLI_UINT,                                                                                \
         LIMITS_AT(type, ratio),                                                                  \
         "N",                                                                                     \
         "Refuse a layer of more than 64 MiB that is more than N times its compressed size. 500 " \
         "when not given.",                                                                       \
         1,                                                                                       \
         1 << 20,                                                                                 \
         NULL},                                                                                   \
        {"max-size", 0,                                                                           \
         CLI_UINT,   LIMITS_AT(type, gib),                                                        \
         "GIB",      "Refuse an image whose layers are larger, uncompressed. 16 when not given.", \
         1,          1 << 20,                                                                     \
         NULL},                                                                                   \
    {                                                                                             \
        "max-zstd-window", 0, CLI_UINT, LIMITS_AT(type, zstd_mib), "MIB",                         \
            "Refuse zstd streams that need a larger window. 128 when not given.", 1, 2048, NULL   \
    }

#endif
