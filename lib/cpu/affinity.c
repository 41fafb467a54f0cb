/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/affinity.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/num.h"
#include "cpu/ladder.h"

bool
affinity_parse_list(struct str text, unsigned *out)
{
    uint64_t count = 0;

    while (text.p != NULL) {
        struct str range = str_cut(&text, ',');
        struct str first = str_cut(&range, '-');
        uint64_t a;
        uint64_t b;

        if (!num_parse_u64(first, CPUS_MAX, &a))
            return false;
        b = a;
        if (range.p != NULL && !num_parse_u64(range, CPUS_MAX, &b))
            return false;
        if (b < a)
            return false;
        count += b - a + 1;
        if (count > CPUS_MAX)
            return false;
    }
    *out = (unsigned)count;
    return count > 0;
}

static bool
look_at_affinity(struct ladder *l, cpus_get_fn get)
{
    struct cpu_rung *r = ladder_add(l, CPU_SOURCE_AFFINITY, false, "sched_getaffinity");
    unsigned n = l->opts->affinity_cpus;

    errno = 0;
    if (n == 0)
        n = cpus_count(get);
    if (n == 0) {
        ladder_note(r, "%s", errno != 0 ? strerror(errno) : "an empty set");
        return false;
    }
    ladder_value(r, n);
    return true;
}

static bool
look_at_online(struct ladder *l)
{
    static const char path[] = "/sys/devices/system/cpu/online";
    cleanup_buf struct buf file = BUF_INIT(LADDER_FILE_MAX);
    struct cpu_rung *r = ladder_add(l, CPU_SOURCE_ONLINE, false, path);
    struct str text;
    unsigned n;

    if (!ladder_read(l, path, r, &file, &text))
        return false;
    if (!affinity_parse_list(text, &n)) {
        ladder_note(r, "no list of CPUs, ignored");
        return false;
    }
    ladder_value(r, n);
    return true;
}

void
affinity_look(struct ladder *l, cpus_get_fn get)
{
    bool known = look_at_affinity(l, get);
    struct cpu_rung *r;
    long n;

    if (look_at_online(l) || known)
        return;
    /* Neither /sys nor the system call: a sandbox that hides both. */
    n = sysconf(_SC_NPROCESSORS_ONLN);
    r = ladder_add(l, CPU_SOURCE_ONLINE, false, "sysconf(_SC_NPROCESSORS_ONLN)");
    ladder_value(r, n > 0 ? (double)n : 1);
    if (n <= 0)
        ladder_note(r, "nothing tells the number of CPUs, so 1");
}
