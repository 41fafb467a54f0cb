/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_WATCH_H
#define SERVER_WATCH_H

/*
 * Looks at the limits of CPU and memory again and again: quotas are changed while a service runs.
 * Files are read each time, the ECS metadata at most once a minute; an agent that does not answer
 * for once changes nothing.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "server/sizing.h"

struct err;
struct stats;

struct watch_document; /* what the metadata said last */

struct watch {
    struct sizing_opts ask;
    struct sizing now;
    double cpus_before; /* the last look but one */
    struct watch_document *documents;
};

/* The first look.  The watch must not be moved afterwards. */
int watch_open(struct watch *w, const struct sizing_opts *opts, struct err *err) NODISCARD;
void watch_close(struct watch *w);

/* Another one.  worker_bytes is what the largest worker takes now, or 0; what counts is the most
 * that was seen, so that the number of workers does not swing with it.  What cannot be found out
 * is as before. */
void watch_look(struct watch *w, uint64_t worker_bytes);

/* Forgets the metadata and how large workers were: they are going to be new ones. */
void watch_forget(struct watch *w);

#endif
