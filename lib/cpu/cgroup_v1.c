/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/cgroup_v1.h"

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "cpu/cgroup.h"
#include "cpu/ladder.h"

/* "No limit" is the largest signed number rounded down to a page, whose size differs between
 * machines, and was all bits set in old kernels.  Nobody has 4 EiB. */
static const uint64_t UNLIMITED_FROM = UINT64_C(1) << 62;

bool
cgroup_v1_cpu(struct ladder *l, const char *dir, bool is_own)
{
    cleanup_free char *quota_path = mem_printf("%s/cpu.cfs_quota_us", dir);
    cleanup_free char *period_path = mem_printf("%s/cpu.cfs_period_us", dir);
    cleanup_buf struct buf quota_file = BUF_INIT(LADDER_FILE_MAX);
    cleanup_buf struct buf period_file = BUF_INIT(LADDER_FILE_MAX);
    cleanup_free char *both = NULL;
    struct cpu_rung *r = ladder_add(l, CPU_SOURCE_CGROUP_V1, false, quota_path);
    struct str quota_text;
    struct str period_text;
    int64_t quota;

    (void)is_own;
    if (!ladder_read(l, quota_path, r, &quota_file, &quota_text))
        return true;
    if (!num_parse_i64(quota_text, INT64_MIN, INT64_MAX, &quota)) {
        ladder_note(r, "no number of microseconds, ignored");
        return true;
    }
    if (quota == -1) {
        ladder_note(r, "no limit");
        return true;
    }
    if (!ladder_read(l, period_path, r, &period_file, &period_text)) {
        ladder_raw(r, quota_text);
        ladder_note(r, "cpu.cfs_period_us cannot be read, so the quota says nothing");
        return true;
    }
    both = mem_printf(STR_FMT " / " STR_FMT, STR_ARG(quota_text), STR_ARG(period_text));
    ladder_raw(r, str_from(both));
    cgroup_quota(r, quota, period_text);
    return true;
}

/* What the kernel's counters say: a limit in bytes. */
static void
set_limit(struct cpu_rung *r, struct str text)
{
    uint64_t bytes = UNLIMITED_FROM;

    if (!str_eq(text, "-1") && !num_parse_u64(text, UINT64_MAX, &bytes))
        ladder_note(r, "no number of bytes, ignored");
    else if (bytes >= UNLIMITED_FROM)
        ladder_note(r, "no limit");
    else if (bytes == 0)
        ladder_note(r, "nothing could run in 0 bytes, ignored");
    else
        ladder_value(r, (double)bytes);
}

/* The lowest limit over all ancestors, computed by the kernel: it also tells of those that are out
 * of sight, such as an ECS task's. */
static void
hierarchical_limit(struct ladder *l, const char *dir)
{
    cleanup_free char *path = mem_printf("%s/memory.stat", dir);
    cleanup_buf struct buf file = BUF_INIT(LADDER_FILE_MAX);
    struct cpu_rung *r = ladder_add(l, CPU_SOURCE_CGROUP_V1, true, path);
    struct str text;

    if (!ladder_read(l, path, r, &file, &text))
        return;
    while (text.p != NULL) {
        struct str line = str_cut(&text, '\n');
        struct str value = line;

        if (!str_eq(str_cut(&value, ' '), "hierarchical_memory_limit"))
            continue;
        ladder_raw(r, line);
        set_limit(r, str_trim(value));
        return;
    }
    ladder_note(r, "no line hierarchical_memory_limit");
}

/* Before Linux 5.11 a cgroup could keep its limit to itself; then what is above it does not hold
 * for what is below it either. */
static bool
is_hierarchical(const struct ladder *l, const char *dir)
{
    cleanup_free char *path = mem_printf("%s/memory.use_hierarchy", dir);
    cleanup_buf struct buf file = BUF_INIT(LADDER_FILE_MAX);
    struct err err = ERR_INIT;

    return fs_root_read(&l->opts->root, path, &file, &err) < 0 ||
           !str_eq(str_trim(buf_view(&file)), "0");
}

bool
cgroup_v1_memory(struct ladder *l, const char *dir, bool is_own)
{
    cleanup_free char *path = mem_printf("%s/memory.limit_in_bytes", dir);
    cleanup_buf struct buf file = BUF_INIT(LADDER_FILE_MAX);
    bool counts = is_own || is_hierarchical(l, dir);
    struct cpu_rung *r = ladder_add(l, CPU_SOURCE_CGROUP_V1, true, path);
    struct str text;

    if (!counts) {
        ladder_note(r, "memory.use_hierarchy is 0: limits only that cgroup itself");
        return false;
    }
    if (ladder_read(l, path, r, &file, &text))
        set_limit(r, text);
    if (is_own)
        hierarchical_limit(l, dir);
    return true;
}
