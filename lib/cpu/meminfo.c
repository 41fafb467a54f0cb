/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/meminfo.h"

#include <stdint.h>

#include "base/buf.h"
#include "base/num.h"
#include "cpu/ladder.h"

static const uint64_t KIB_MAX = UINT64_C(1) << 52;

/* "MemTotal:       24684096 kB" */
static bool
parse_total(struct str line, uint64_t *kib)
{
    struct str value = line;

    str_cut(&value, ':');
    value = str_trim(value);
    if (!str_ends(value, "kB"))
        return false;
    value.n -= 2;
    return num_parse_u64(str_trim(value), KIB_MAX, kib) && *kib > 0;
}

void
meminfo_look(struct ladder *l)
{
    static const char path[] = "/proc/meminfo";
    cleanup_buf struct buf file = BUF_INIT(LADDER_FILE_MAX);
    struct cpu_rung *r = ladder_add(l, CPU_SOURCE_MEMINFO, true, path);
    struct str text;
    uint64_t kib;

    if (!ladder_read(l, path, r, &file, &text))
        return;
    while (text.p != NULL) {
        struct str line = str_cut(&text, '\n');

        if (!str_starts(line, "MemTotal:"))
            continue;
        ladder_raw(r, line);
        if (parse_total(line, &kib))
            ladder_value(r, (double)kib * 1024);
        else
            ladder_note(r, "no number of kB, ignored");
        return;
    }
    ladder_note(r, "no line MemTotal");
}
