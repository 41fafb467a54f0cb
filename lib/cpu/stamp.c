/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/stamp.h"

#include "base/num.h"
#include "cpu/ladder.h"
#include "cpu/metadata.h"

static const double UNITS_PER_CPU = 1024;
static const double MIB = 1024.0 * 1024;
static const uint64_t UNITS_MAX = UINT64_C(1000000) * 1024;
static const uint64_t MEMORY_MIB_MAX = UINT64_C(1000000000000);

static void
look(struct ladder *l, bool is_memory, bool has_better)
{
    const char *variable = is_memory ? "BERTH_MEMORY_MIB" : "BERTH_CPU_UNITS";
    const char *text = ladder_env(l, variable);
    struct cpu_rung *r = ladder_add(l, CPU_SOURCE_STAMP, is_memory, variable);
    uint64_t max = is_memory ? MEMORY_MIB_MAX : UNITS_MAX;
    uint64_t n;

    if (text == NULL) {
        ladder_note(r, "not set");
        return;
    }
    ladder_raw(r, str_from(text));
    if (!num_parse_u64(str_from(text), max, &n) || n == 0)
        ladder_note(r, "no whole number of %s, ignored", is_memory ? "MiB" : "CPU units");
    else if (has_better)
        ladder_note(r, "not used: the metadata answered");
    else
        ladder_value(r, is_memory ? (double)n * MIB : (double)n / UNITS_PER_CPU);
}

void
stamp_look(struct ladder *l, const struct metadata_answer *metadata)
{
    look(l, false, metadata->cpu);
    look(l, true, metadata->memory);
}
