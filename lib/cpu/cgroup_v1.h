/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPU_CGROUP_V1_H
#define CPU_CGROUP_V1_H

/*
 * The limits of one cgroup v1 folder, as rungs.  cpu.shares is not looked at: a weight is no limit.
 */

#include <stdbool.h>

struct ladder;

/* Both return whether the parent's limit holds for this cgroup too. */
bool cgroup_v1_cpu(struct ladder *l, const char *dir, bool is_own);
bool cgroup_v1_memory(struct ladder *l, const char *dir, bool is_own);

#endif
