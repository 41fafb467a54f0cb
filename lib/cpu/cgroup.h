/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPU_CGROUP_H
#define CPU_CGROUP_H

/*
 * The visible cgroup limits.  A controller is on one hierarchy, v1 or v2, each controller on its
 * own: in a hybrid set-up there is a line `0::` although cpu is on v1.  Limits are hierarchical, so
 * every ancestor counts that a mount shows; what lies above the mount's root cannot be seen.
 */

#include <stdint.h>

#include "base/str.h"

struct cpu_rung;
struct ladder;

/* Adds the rungs of the cpu and the memory controller. */
void cgroup_look(struct ladder *l);

/* Sets r's value to quota / period, both microseconds, or notes why they make none. */
void cgroup_quota(struct cpu_rung *r, int64_t quota, struct str period);

#endif
