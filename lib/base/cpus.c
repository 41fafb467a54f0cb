/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpus.h"

#include <errno.h>

enum { CPUS_FIRST = 1024 };

unsigned
cpus_count(cpus_get_fn get)
{
    for (unsigned cpus = CPUS_FIRST; cpus <= CPUS_MAX; cpus *= 2) {
        cpu_set_t *set = CPU_ALLOC(cpus);
        size_t size = CPU_ALLOC_SIZE(cpus);
        int count = 0;
        int got;
        int saved;

        if (set == NULL)
            return 0;
        CPU_ZERO_S(size, set);
        got = get(0, size, set);
        saved = errno;
        if (got == 0)
            count = CPU_COUNT_S(size, set);
        CPU_FREE(set);
        errno = saved;
        if (got == 0)
            return count > 0 ? (unsigned)count : 0;
        if (saved != EINVAL) /* EINVAL: the machine has more CPUs than the set */
            return 0;
    }
    return 0;
}

unsigned
cpus_usable(void)
{
    unsigned n = cpus_count(sched_getaffinity);

    return n > 0 ? n : 1;
}
