/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPU_CGROUP_V2_H
#define CPU_CGROUP_V2_H

/*
 * The limits of one cgroup v2 folder, as rungs.  cpu.weight and memory.high are not looked at: they
 * are no limits.
 */

#include <stdbool.h>

struct ladder;

/* Both return true: in v2 every ancestor's limit holds. */
bool cgroup_v2_cpu(struct ladder *l, const char *dir, bool is_own);
bool cgroup_v2_memory(struct ladder *l, const char *dir, bool is_own);

#endif
