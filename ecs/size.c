/* SPDX-License-Identifier: Apache-2.0 */
#include "ecs/size.h"

#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"
#include "ecs/size_text.h"

/*
 * One line is a run of memory values of a CPU size, both ends included.  AWS ECS developer guide,
 * "Task CPU and memory" and "Troubleshoot task definition invalid CPU or memory errors".
 */
static const struct run {
    uint32_t cpu_units, first_mib, last_mib, step_mib;
    bool windows;
} runs[] = {
    {256, 512, 1024, 512, false},         {256, 2048, 2048, 1, false},
    {512, 1024, 4096, 1024, false},       {1024, 2048, 8192, 1024, true},
    {2048, 4096, 16384, 1024, true},      {4096, 8192, 30720, 1024, true},
    {8192, 16384, 61440, 4096, false},    {16384, 32768, 122880, 8192, false},
    {32768, 61440, 122880, 61440, false}, {32768, 249856, 249856, 1, false},
};

static bool
is_offered(const struct run *run, enum size_os os)
{
    return os == SIZE_LINUX || run->windows;
}

bool
size_next(enum size_os os, struct size *size)
{
    for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
        const struct run *run = &runs[i];
        uint32_t memory = run->first_mib;

        if (!is_offered(run, os) || run->cpu_units < size->cpu_units)
            continue;
        if (run->cpu_units == size->cpu_units && size->memory_mib >= run->first_mib) {
            if (size->memory_mib >= run->last_mib)
                continue;
            memory += ((size->memory_mib - run->first_mib) / run->step_mib + 1) * run->step_mib;
        }
        *size = (struct size){run->cpu_units, memory};
        return true;
    }
    return false;
}

bool
size_is_valid(enum size_os os, struct size size)
{
    for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
        const struct run *run = &runs[i];

        if (is_offered(run, os) && run->cpu_units == size.cpu_units &&
            size.memory_mib >= run->first_mib && size.memory_mib <= run->last_mib &&
            (size.memory_mib - run->first_mib) % run->step_mib == 0)
            return true;
    }
    return false;
}

uint32_t
size_smallest_memory(enum size_os os, uint32_t cpu_units)
{
    struct size size = {cpu_units, 0};

    return size_next(os, &size) && size.cpu_units == cpu_units ? size.memory_mib : 0;
}

bool
size_has_cpu(enum size_os os, uint32_t cpu_units)
{
    return size_smallest_memory(os, cpu_units) != 0;
}

static void
explain_cpu(enum size_os os, uint32_t cpu_units, struct buf *out)
{
    uint32_t below = 0;
    uint32_t above = 0;
    char text[SIZE_TEXT_MAX];

    for (struct size s = {0, 0}; size_next(os, &s) && above == 0;) {
        if (s.cpu_units < cpu_units)
            below = s.cpu_units;
        else
            above = s.cpu_units;
    }
    size_text_vcpu(cpu_units, text);
    buf_appendf(out, "Fargate has no %stask size of %u CPU units (%s); ",
                os == SIZE_WINDOWS ? "Windows " : "", cpu_units, text);
    if (below != 0) {
        size_text_vcpu(below, text);
        buf_appendf(out, "the nearest below is %u (%s)", below, text);
    }
    if (above != 0) {
        size_text_vcpu(above, text);
        buf_appendf(out, "%s %u (%s)", below != 0 ? ", above" : "the smallest is", above, text);
    } else {
        buf_append_str(out, ", which is the largest");
    }
}

static void
explain_other_cpus(enum size_os os, uint32_t memory_mib, struct buf *out)
{
    uint32_t cpus[ARRAY_LEN(runs)];
    size_t n = 0;

    for (struct size s = {0, 0}; size_next(os, &s);) {
        if (s.memory_mib == memory_mib)
            cpus[n++] = s.cpu_units;
    }
    if (n == 0) {
        buf_appendf(out, "; no size has %u MiB", memory_mib);
        return;
    }
    buf_appendf(out, "; %u MiB goes with ", memory_mib);
    for (size_t i = 0; i < n; i++)
        buf_appendf(out, "%s%u", i == 0 ? "" : i + 1 < n ? ", " : " and ", cpus[i]);
    buf_append_str(out, " units");
}

void
size_explain(enum size_os os, struct size size, struct buf *out)
{
    uint32_t below = 0;
    uint32_t above = 0;
    char text[SIZE_TEXT_MAX];

    if (!size_has_cpu(os, size.cpu_units)) {
        explain_cpu(os, size.cpu_units, out);
        if (size.memory_mib != 0)
            explain_other_cpus(os, size.memory_mib, out);
        return;
    }
    for (struct size s = {size.cpu_units, 0}; size_next(os, &s);) {
        if (s.cpu_units != size.cpu_units || above != 0)
            break;
        if (s.memory_mib < size.memory_mib)
            below = s.memory_mib;
        else
            above = s.memory_mib;
    }
    buf_appendf(out, "Fargate has no %ssize of %u CPU units with %u MiB; with %u units ",
                os == SIZE_WINDOWS ? "Windows " : "", size.cpu_units, size.memory_mib,
                size.cpu_units);
    if (below != 0) {
        size_text_gb(below, text);
        buf_appendf(out, "the %s is %u MiB (%s)", above != 0 ? "nearest below" : "most", below,
                    text);
    }
    if (above != 0) {
        size_text_gb(above, text);
        buf_appendf(out, "%s %u MiB (%s)", below != 0 ? ", above" : "the least is", above, text);
    }
    explain_other_cpus(os, size.memory_mib, out);
}
