/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPU_METADATA_H
#define CPU_METADATA_H

/*
 * The task's size as the ECS agent tells it: GET ${ECS_CONTAINER_METADATA_URI_V4}/task, version 3
 * where version 4 does not answer, one second for both together.  Limits.CPU is in vCPU there.  The
 * container's own document has a Limits.CPU too, in CPU units, which is only a weight: it is never
 * taken, not even when it is what the task's URL answers.
 */

#include <stdbool.h>

struct ladder;

struct metadata_answer {
    bool cpu;    /* the task's CPU limit was told */
    bool memory; /* its memory limit */
};

/* Adds the rungs of both ladders. */
void metadata_look(struct ladder *l, struct metadata_answer *out);

#endif
