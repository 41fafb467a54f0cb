/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CPUS_H
#define BASE_CPUS_H

/*
 * The CPUs that this process may run on, which is also how a cpuset shows.  A quota of CPU time is
 * another thing and does not count here.
 */

#include <sched.h>
#include <stddef.h>

typedef int (*cpus_get_fn)(pid_t pid, size_t size, cpu_set_t *set);

enum { CPUS_MAX = 1024 * 1024 }; /* 128 times what any kernel is built for */

/* The number of CPUs in the mask that get (sched_getaffinity) gives, however many the machine has;
 * 0 with errno set on failure. */
unsigned cpus_count(cpus_get_fn get);

/* The same of this process, at least 1. */
unsigned cpus_usable(void);

#endif
