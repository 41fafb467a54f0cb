/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_STAGES_H
#define IMAGES_STAGES_H

/*
 * A stream cut into chunks of one fixed size, each of which passes a few stages on whatever thread
 * is free.  What comes out never depends on the number of threads.
 *
 * The caller is one of the threads: it writes, and when no chunk is left to write to it works like
 * the others instead of waiting.  With one thread that is all there is.  Others are started as full
 * chunks come, so a short stream starts none.  Memory is bounded by some chunks a thread and taken
 * only when it is used.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct err;
struct stages;

enum { STAGES_MAX = 3, STAGES_THREADS_MAX = 256 };

struct stages_chunk {
    unsigned char *in;
    size_t in_n;
    bool last; /* of the stream; full chunks before it, this one may be empty */
    unsigned char
        *out; /* for the stages, freed with free(); kept for the next chunk in this place */
    size_t out_n;
    uint32_t crc;
    unsigned char state[STAGES_MAX]; /* stages.c's own */
};

struct stage {
    /* One after the other in the stream's order, or several chunks at once in any. */
    bool in_order;
    /* Runs when this stage of the same chunk is done; -1: at once. */
    int after;
    /* thread is below the number of threads, and no other call has the same one meanwhile. */
    int (*run)(void *ctx, unsigned thread, struct stages_chunk *c, struct err *err);
};

struct stages_opts {
    const struct stage *stages;
    size_t n; /* of stages, at most STAGES_MAX */
    void *ctx;
    size_t chunk;     /* bytes */
    unsigned threads; /* from 1 to STAGES_THREADS_MAX, the caller included */
};

/* The stages are borrowed. */
struct stages *stages_new(const struct stages_opts *o);

/* Waits for the stages that run, begins no more, ends the threads. NULL is fine. */
void stages_free(struct stages *s);
void stages_freep(struct stages **s);
#define cleanup_stages __attribute__((cleanup(stages_freep)))

/* Both fail with the first error of a stage, whichever thread it was on; after that no stage
 * begins. */
int stages_write(struct stages *s, const void *p, size_t n, struct err *err) NODISCARD;
int stages_finish(struct stages *s, struct err *err) NODISCARD; /* all stages are done then */

#endif
