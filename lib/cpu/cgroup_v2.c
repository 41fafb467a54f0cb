/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/cgroup_v2.h"

#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "cpu/cgroup.h"
#include "cpu/ladder.h"

/* Cuts the next word off *s, which is trimmed. */
static struct str
next_word(struct str *s)
{
    struct str word = *s;

    for (size_t i = 0; i < s->n; i++) {
        if (s->p[i] == ' ' || s->p[i] == '\t' || s->p[i] == '\n') {
            word.n = i;
            break;
        }
    }
    s->p += word.n;
    s->n -= word.n;
    *s = str_trim(*s);
    return word;
}

/* "max 100000", "50000 100000", and without the period, which is 100 ms then. */
bool
cgroup_v2_cpu(struct ladder *l, const char *dir, bool is_own)
{
    cleanup_free char *path = mem_printf("%s/cpu.max", dir);
    cleanup_buf struct buf file = BUF_INIT(LADDER_FILE_MAX);
    struct cpu_rung *r = ladder_add(l, CPU_SOURCE_CGROUP_V2, false, path);
    struct str period;
    struct str quota_text;
    int64_t quota;

    (void)is_own;
    if (!ladder_read(l, path, r, &file, &period))
        return true;
    quota_text = next_word(&period);
    if (str_eq(quota_text, "max"))
        ladder_note(r, "no limit");
    else if (!num_parse_i64(quota_text, INT64_MIN, INT64_MAX, &quota))
        ladder_note(r, "no number of microseconds, ignored");
    else
        cgroup_quota(r, quota, period.n > 0 ? period : STR_LIT("100000"));
    return true;
}

bool
cgroup_v2_memory(struct ladder *l, const char *dir, bool is_own)
{
    cleanup_free char *path = mem_printf("%s/memory.max", dir);
    cleanup_buf struct buf file = BUF_INIT(LADDER_FILE_MAX);
    struct cpu_rung *r = ladder_add(l, CPU_SOURCE_CGROUP_V2, true, path);
    struct str text;
    uint64_t bytes;

    (void)is_own;
    if (!ladder_read(l, path, r, &file, &text))
        return true;
    if (str_eq(text, "max"))
        ladder_note(r, "no limit");
    else if (!num_parse_u64(text, INT64_MAX, &bytes))
        ladder_note(r, "no number of bytes, ignored");
    else if (bytes == 0)
        ladder_note(r, "nothing could run in 0 bytes, ignored");
    else
        ladder_value(r, (double)bytes);
    return true;
}
