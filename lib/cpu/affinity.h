/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPU_AFFINITY_H
#define CPU_AFFINITY_H

/*
 * The CPUs that this process may run on (which is also how a cpuset shows), and those of the
 * machine that are online.
 */

#include <stdbool.h>

#include "base/cpus.h"
#include "base/str.h"

struct ladder;

/* Adds the rungs of the mask that get (sched_getaffinity) gives and of the online CPUs.  There is
 * always one with a value afterwards. */
void affinity_look(struct ladder *l, cpus_get_fn get);

/* Counts the CPUs of a list as the kernel writes it: "0-3,8,10-11". */
bool affinity_parse_list(struct str text, unsigned *out);

#endif
