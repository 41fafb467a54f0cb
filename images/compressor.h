/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_COMPRESSOR_H
#define IMAGES_COMPRESSOR_H

/*
 * How a layer's tar becomes its blob.  The kinds are siblings, one file each (gzip, zstd, none);
 * the table of them is compressor.c's.
 *
 * The bytes depend on input, kind, level and the library's version, never on the number of threads
 * nor on how the input was written.
 */

#include <stddef.h>

#include "base/attr.h"
#include "images/sink.h"
#include "images/stages.h"

struct compressor;
struct err;

struct compressor_opts {
    int level;        /* of the kind, within its bounds; 0: its default */
    unsigned threads; /* from 1 to STAGES_THREADS_MAX, the caller included; 0: one for each CPU */
    /* Both are written to in the stream's order, on any thread, and beside each other. */
    struct sink plain; /* gets the input as it is; write may be NULL */
    struct sink out;   /* gets the blob */
};

struct compressor_kind {
    const char *name;           /* as an option names it */
    const char *media_type;     /* of a layer, images/blob.h */
    int level_min, level_max;   /* 0 and 0: there are none */
    int level;                  /* the default; another one changes the digest of every image */
    size_t chunk;               /* bytes that pass the stages together */
    unsigned threads_max;       /* more than these have nothing to do; 0: any number has */
    const struct stage *stages; /* their ctx is what start() returns */
    size_t n_stages;
    void *(*start)(const struct compressor_opts *o);
    int (*finish)(void *state, struct err *err); /* behind the last chunk's stages; or NULL */
    void (*free)(void *state);
};

/* "gzip", "zstd", "none"; NULL for any other name. */
const struct compressor_kind *compressor_find(const char *name);

/* 0 stands for the default. ERR_USAGE says which levels there are. */
int compressor_check_level(const struct compressor_kind *k, int level, struct err *err) NODISCARD;

/* The options are copied; the level must be one of the kind's. */
struct compressor *compressor_new(const struct compressor_kind *k, const struct compressor_opts *o);
void compressor_free(struct compressor *c);
void compressor_freep(struct compressor **c);
#define cleanup_compressor __attribute__((cleanup(compressor_freep)))

/* After a failure, also one of a sink, nothing more is written; compressor_free() is what is left.
 */
int compressor_write(struct compressor *c, const void *p, size_t n, struct err *err) NODISCARD;
int compressor_finish(struct compressor *c, struct err *err) NODISCARD;

/* For the kinds' stages: a chunk as it came, unless the sink's write is NULL. */
int compressor_pass_on(const struct sink *to, const struct stages_chunk *c,
                       struct err *err) NODISCARD;

#endif
