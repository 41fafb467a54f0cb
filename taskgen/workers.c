/* SPDX-License-Identifier: Apache-2.0 */
#include "taskgen/workers.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/num.h"
#include "ecs/size_text.h"
#include "taskgen/metadata_fetch.h"

enum { BYTES_PER_MIB = 1024 * 1024 };

int
workers_memory(const char *text, uint64_t *bytes, struct err *err)
{
    struct err why = ERR_INIT;
    uint32_t mib;

    if (text == NULL)
        return 0;
    if (size_text_memory(str_from(text), SIZE_TEXT_OPTION, &mib, &why) < 0)
        return err_set(err, ERR_USAGE, "'%.100s' %s", text, why.msg);
    *bytes = (uint64_t)mib * BYTES_PER_MIB;
    return 0;
}

int
workers_find(const struct workers_opts *opts, struct workers *out, struct err *err)
{
    const struct cpu_opts look = {
        .explicit_cpus = opts->cpus, .root = FS_ROOT_SYSTEM, .fetch = metadata_fetch};
    struct policy_memory memory = {0, 0, 0};
    struct workers found;

    if (workers_memory(opts->memory_per_worker, &memory.per_worker_bytes, err) < 0)
        return err_wrap(err, "--memory-per-worker");
    if (workers_memory(opts->reserve, &memory.reserve_bytes, err) < 0)
        return err_wrap(err, "--reserve");
    if (policy_parse(opts->policy, &found.policy, err) < 0 ||
        cpu_detect(&look, &found.limits, err) < 0)
        return -1;
    memory.limit_bytes = found.limits.memory_bytes;
    found.count = policy_workers(&found.policy, found.limits.cpus, &memory, &found.capped);
    *out = found;
    return 0;
}

void
workers_done(struct workers *w)
{
    cpu_limits_done(&w->limits);
}

unsigned
workers_threads(const struct workers *w)
{
    static const struct policy each_cpu = {POLICY_N, 0};
    static const struct policy_memory unbounded = {0, 0, 0};

    return policy_workers(&each_cpu, w->limits.cpus, &unbounded, NULL);
}

void
workers_describe(const struct workers *w, struct buf *out)
{
    char policy[48];
    char cpus[32];

    policy_format(&w->policy, policy);
    num_format_decimal(w->limits.cpus, cpus);
    buf_appendf(out, "%u worker%s (%s of %s CPU%s%s; %s)", w->count, w->count == 1 ? "" : "s",
                policy, cpus, w->limits.cpus == 1 ? "" : "s", w->capped ? ", as memory allows" : "",
                cpu_source_name(w->limits.cpus_source));
}
