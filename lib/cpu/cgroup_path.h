/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPU_CGROUP_PATH_H
#define CPU_CGROUP_PATH_H

/*
 * Which cgroup a process is in (/proc/self/cgroup, cgroups(7)), and how it lies below a mount's
 * root.  Both are paths seen from the cgroup namespace's root, so either may begin with "/..": a
 * process moved out of its namespace, or a mount made outside of it.
 */

#include <stdbool.h>

#include "base/str.h"

/* The path of the v1 hierarchy that carries a controller: `4:cpu,cpuacct:/docker/0123`.  The path
 * may hold blanks and colons.  Borrowed from text; false when there is none. */
bool cgroup_path_v1(struct str text, const char *controller, struct str *path);

/* The path of the unified hierarchy: `0::/docker/0123`. */
bool cgroup_path_v2(struct str text, struct str *path);

enum cgroup_path_view {
    CGROUP_PATH_HIDDEN, /* the mount shows neither the cgroup nor an ancestor of it */
    CGROUP_PATH_ABOVE,  /* its root is an ancestor, but the way down is not known */
    CGROUP_PATH_WITHIN  /* the cgroup lies at a known path below the mount */
};

/* How own lies below a mount's root.  *below is what follows the root, "" or "/a/b" (borrowed from
 * own); *height is the number of levels from own up to the root. */
enum cgroup_path_view cgroup_path_view(struct str own, struct str root, struct str *below,
                                       unsigned *height);

#endif
