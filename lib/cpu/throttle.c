/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/throttle.h"

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "cpu/cgroup.h"

enum { STAT_MAX = 64 * 1024 };

bool
cpu_throttle_parse(struct str text, struct cpu_throttle *out)
{
    struct cpu_throttle t = {0};
    uint64_t ns = 0;
    const struct {
        const char *name;
        uint64_t *value;
    } lines[] = {
        {"nr_periods", &t.periods},
        {"nr_throttled", &t.throttled},
        {"throttled_usec", &t.throttled_us}, /* v2 */
        {"throttled_time", &ns},             /* v1 */
    };
    unsigned seen = 0;

    while (text.p != NULL) {
        struct str value = str_cut(&text, '\n');
        struct str name = str_cut(&value, ' ');

        for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
            if (!str_eq(name, lines[i].name))
                continue;
            if (!num_parse_u64(value, UINT64_MAX, lines[i].value))
                return false;
            seen |= 1U << i;
        }
    }
    /* The first two, and one of the others. */
    if ((seen & 3) != 3 || (seen >> 2 != 1 && seen >> 2 != 2))
        return false;
    t.throttled_us += ns / 1000;
    *out = t;
    return true;
}

bool
cpu_throttle_read(const struct fs_root *root, const char *path, struct cpu_throttle *out)
{
    cleanup_buf struct buf file = BUF_INIT(STAT_MAX);
    struct err err = ERR_INIT;

    return fs_root_read(root, path, &file, &err) == 0 && cpu_throttle_parse(buf_view(&file), out);
}

struct search {
    const struct fs_root *root;
    char *path; /* the lowest that can be read */
};

static bool
look(void *ctx, const char *dir, bool is_v1 UNUSED)
{
    struct search *s = ctx;
    cleanup_free char *path = mem_printf("%s/cpu.stat", dir);
    struct cpu_throttle t;

    if (!cpu_throttle_read(s->root, path, &t))
        return true;
    if (s->path == NULL || t.periods > 0) {
        free(s->path);
        s->path = steal_ptr(&path);
    }
    return t.periods == 0;
}

char *
cpu_throttle_find(const struct fs_root *root)
{
    struct search s = {.root = root};

    cgroup_walk(root, look, &s);
    return s.path;
}
