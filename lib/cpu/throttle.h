/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPU_THROTTLE_H
#define CPU_THROTTLE_H

/*
 * How long this process's cgroup was held up by its CPU quota: what its file cpu.stat tells (v1 or
 * v2).  Of the own cgroup and its visible ancestors the lowest counts that has a quota, which shows
 * in that it counts periods.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/fs.h"
#include "base/str.h"

struct cpu_throttle {
    uint64_t periods;      /* in which something ran, while there was a quota */
    uint64_t throttled;    /* of them */
    uint64_t throttled_us; /* summed up over the CPUs */
};

/* The path of the file to read from now on, or NULL when there is none.  The caller frees it. */
char *cpu_throttle_find(const struct fs_root *root);

bool cpu_throttle_read(const struct fs_root *root, const char *path, struct cpu_throttle *out);

/* The file's text; false when it is none of both kinds. */
bool cpu_throttle_parse(struct str text, struct cpu_throttle *out);

#endif
