/* SPDX-License-Identifier: Apache-2.0 */
#include "server/proc_memory.h"

#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/num.h"

enum { TEXT_MAX = 8192 };

/* "Private_Dirty:        112 kB" */
static bool
add_line(struct str line, uint64_t *bytes)
{
    struct str name = str_cut(&line, ':');
    struct str value = str_trim(line);
    struct str number = str_cut(&value, ' ');
    uint64_t kib;

    if (!str_eq(name, "Private_Clean") && !str_eq(name, "Private_Dirty") && !str_eq(name, "Swap"))
        return false;
    if (!num_parse_u64(number, UINT64_MAX / 1024 / 4, &kib) || !str_eq(value, "kB"))
        return false;
    *bytes += kib * 1024;
    return true;
}

bool
proc_memory_of_rollup(struct str text, uint64_t *bytes)
{
    uint64_t sum = 0;
    bool found = false;

    while (text.n > 0)
        found |= add_line(str_cut(&text, '\n'), &sum);
    if (found)
        *bytes = sum;
    return found;
}

/* Pages: total, resident, shared with others or with a file. */
bool
proc_memory_of_statm(struct str text, uint64_t page_size, uint64_t *bytes)
{
    uint64_t pages[3];

    for (int i = 0; i < 3; i++) {
        if (!num_parse_u64(str_cut(&text, ' '), UINT64_MAX / page_size, &pages[i]))
            return false;
    }
    if (pages[1] < pages[2])
        return false;
    *bytes = (pages[1] - pages[2]) * page_size;
    return true;
}

static bool
read_text(pid_t pid, const char *name, struct buf *out)
{
    struct err ignored = ERR_INIT;
    char path[64];

    snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
    buf_clear(out);
    return fs_read(path, out, &ignored) == 0;
}

uint64_t
proc_memory_private(pid_t pid)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    uint64_t bytes = 0;

    /* The first is exact, but not every kernel has it, nor may everybody read it. */
    if (read_text(pid, "smaps_rollup", &text) &&
        proc_memory_of_rollup(str_from(buf_cstr(&text)), &bytes))
        return bytes;
    if (read_text(pid, "statm", &text) &&
        proc_memory_of_statm(str_from(buf_cstr(&text)), (uint64_t)sysconf(_SC_PAGESIZE), &bytes))
        return bytes;
    return 0;
}
