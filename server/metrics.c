/* SPDX-License-Identifier: Apache-2.0 */
#include "server/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "server/proc_memory.h"

enum { STATM_MAX = 4096, PATH_MAX_BYTES = 64 };

static uint64_t
memory_of(pid_t pid)
{
    cleanup_buf struct buf file = BUF_INIT(STATM_MAX);
    struct err err = ERR_INIT;
    char path[PATH_MAX_BYTES];
    uint64_t bytes;

    /* Unlike smaps_rollup everybody may read it, and it takes no time. */
    snprintf(path, sizeof(path), "/proc/%ld/statm", (long)pid);
    if (fs_read(path, &file, &err) < 0 ||
        !proc_memory_of_statm(buf_view(&file), (uint64_t)sysconf(_SC_PAGESIZE), &bytes))
        return 0;
    return bytes;
}

static void
look_at_workers(const struct stats *s, struct metrics *out)
{
    unsigned used = stats_used(s);

    for (unsigned i = 0; i < used; i++) {
        pid_t pid = s->slots[i].pid;
        int state = s->slots[i].state;

        out->ready += state == STATS_READY;
        out->starting += state == STATS_STARTING;
        out->draining += state == STATS_DRAINING;
        if (state != STATS_FREE && pid > 0)
            out->memory_bytes += memory_of(pid);
    }
}

void
metrics_read(const struct stats *s, const char *throttle_path, pid_t master, struct metrics *out)
{
    *out = (struct metrics){.wanted = s->workers,
                            .restarts = s->restarts,
                            .reloads = s->reloads,
                            .started_unix = s->started_unix};
    stats_sum(s, &out->total);
    stats_cpus(s, &out->cpus, out->source);
    out->memory_bytes = memory_of(master);
    look_at_workers(s, out);
    if (throttle_path != NULL)
        out->has_throttle = cpu_throttle_read(&FS_ROOT_SYSTEM, throttle_path, &out->throttle);
}

double
metrics_quantile(const uint64_t buckets[STATS_BUCKETS], double share)
{
    uint64_t all = 0;
    uint64_t below = 0;
    double wanted;

    for (size_t i = 0; i < STATS_BUCKETS; i++)
        all += buckets[i];
    if (all == 0)
        return -1;
    wanted = share * (double)all;
    for (size_t i = 0; i < STATS_BOUNDS; i++) {
        double from = i > 0 ? stats_bounds_us[i - 1] : 0;

        if (buckets[i] > 0 && (double)(below + buckets[i]) >= wanted)
            return from +
                   (stats_bounds_us[i] - from) * (wanted - (double)below) / (double)buckets[i];
        below += buckets[i];
    }
    return stats_bounds_us[STATS_BOUNDS - 1];
}
