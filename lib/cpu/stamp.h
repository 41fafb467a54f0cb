/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPU_STAMP_H
#define CPU_STAMP_H

/*
 * The task's size as taskgen wrote it into the environment: BERTH_CPU_UNITS (1024 a vCPU) and
 * BERTH_MEMORY_MIB.  Counts only where the metadata says nothing, since a task can be run with
 * another size than its definition's.
 */

struct ladder;
struct metadata_answer;

/* Adds the rungs of both ladders. */
void stamp_look(struct ladder *l, const struct metadata_answer *metadata);

#endif
