/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ECS_SIZE_H
#define ECS_SIZE_H

/*
 * The sizes that Fargate sells: pairs of CPU units (1024 are one vCPU) and memory in MiB, 77 for
 * Linux and 43 for Windows, and what to say about a pair that is none of them.  The 32 vCPU size,
 * with its three memory values, exists since June 2026 (docs/sizes.md).
 */

#include <stdbool.h>
#include <stdint.h>

struct buf;

enum size_os { SIZE_LINUX, SIZE_WINDOWS };

struct size {
    uint32_t cpu_units;
    uint32_t memory_mib;
};

enum { SIZE_UNITS_PER_VCPU = 1024, SIZE_MIB_PER_GB = 1024 };

/* The next pair in order of CPU, then memory; starts from {0, 0}.  False after the last one. */
bool size_next(enum size_os os, struct size *size);

bool size_is_valid(enum size_os os, struct size size);
bool size_has_cpu(enum size_os os, uint32_t cpu_units);

/* 0 when there is no such CPU size. */
uint32_t size_smallest_memory(enum size_os os, uint32_t cpu_units);

/*
 * Says, as one clause without a full stop, why a pair that is not valid is none, and which valid
 * ones are nearest: below and above along the memory of this CPU size, and the CPU sizes that offer
 * this memory; or the neighbours of a CPU size that does not exist (memory 0: none was given).
 */
void size_explain(enum size_os os, struct size size, struct buf *out);

#endif
