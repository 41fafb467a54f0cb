/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPU_CGROUP_H
#define CPU_CGROUP_H

/*
 * The visible cgroup limits.  A controller is on one hierarchy, v1 or v2, each controller on its
 * own: in a hybrid set-up there is a line `0::` although cpu is on v1.  Limits are hierarchical, so
 * every ancestor counts that a mount shows; what lies above the mount's root cannot be seen.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/fs.h"
#include "base/str.h"

struct cpu_rung;
struct ladder;

/* Adds the rungs of the cpu and the memory controller. */
void cgroup_look(struct ladder *l);

/* Calls level for the folder of the own cgroup of the cpu controller and for its visible ancestors,
 * until it returns false; then true. */
typedef bool (*cgroup_level_fn)(void *ctx, const char *dir, bool is_v1);
bool cgroup_walk(const struct fs_root *root, cgroup_level_fn level, void *ctx);

/* Sets r's value to quota / period, both microseconds, or notes why they make none. */
void cgroup_quota(struct cpu_rung *r, int64_t quota, struct str period);

#endif
