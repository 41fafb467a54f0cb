/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/cpu.h"

#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/num.h"
#include "cpu/affinity.h"
#include "cpu/cgroup.h"
#include "cpu/ladder.h"
#include "cpu/meminfo.h"
#include "cpu/metadata.h"
#include "cpu/stamp.h"

static const double EXPLICIT_MAX = 1e6;

static const struct {
    const char *name;
    const char *id;
} sources[] = {
    [CPU_SOURCE_NONE] = {"nothing", "none"},
    [CPU_SOURCE_EXPLICIT] = {"explicit setting", "explicit"},
    [CPU_SOURCE_METADATA] = {"ECS task metadata", "metadata"},
    [CPU_SOURCE_STAMP] = {"task definition", "stamp"},
    [CPU_SOURCE_CGROUP_V2] = {"cgroup v2", "cgroup-v2"},
    [CPU_SOURCE_CGROUP_V1] = {"cgroup v1", "cgroup-v1"},
    [CPU_SOURCE_AFFINITY] = {"CPU affinity", "affinity"},
    [CPU_SOURCE_ONLINE] = {"online CPUs", "online"},
    [CPU_SOURCE_MEMINFO] = {"machine's memory", "meminfo"},
};

static bool
is_sane(double cpus)
{
    return isfinite(cpus) && cpus > 0 && cpus <= EXPLICIT_MAX;
}

/* What the user said.  Here alone a bad value is an error: it was meant for us. */
static int
look_at_explicit(struct ladder *l, struct err *err)
{
    static const char variable[] = "BERTH_CPUS";
    bool is_option = l->opts->explicit_cpus != 0;
    double cpus = l->opts->explicit_cpus;
    const char *text = is_option ? NULL : ladder_env(l, variable);
    struct cpu_rung *r = ladder_add(l, CPU_SOURCE_EXPLICIT, false, is_option ? "--cpus" : variable);

    if (!is_option && text == NULL) {
        ladder_note(r, "not set");
        return 0;
    }
    if (is_option && !is_sane(cpus))
        return err_set(err, ERR_USAGE, "--cpus: %g is no number of CPUs: want one such as 0.5 or 2",
                       cpus);
    if (!is_option) {
        ladder_raw(r, str_from(text));
        if (!num_parse_decimal(str_trim(str_from(text)), &cpus) || !is_sane(cpus))
            return err_set(err, ERR_USAGE,
                           "%s: '%s' is no number of CPUs: want one such as 0.5 or 2, or unset it",
                           variable, r->raw);
    }
    ladder_value(r, cpus);
    return 0;
}

int
cpu_detect(const struct cpu_opts *opts, struct cpu_limits *out, struct err *err)
{
    cleanup_cpu_limits struct cpu_limits limits = {0};
    struct ladder ladder = {opts, &limits};
    struct metadata_answer metadata;

    if (look_at_explicit(&ladder, err) < 0)
        return -1;
    metadata_look(&ladder, &metadata);
    stamp_look(&ladder, &metadata);
    cgroup_look(&ladder);
    affinity_look(&ladder, sched_getaffinity);
    meminfo_look(&ladder);
    ladder_decide(&limits);
    *out = limits;
    limits = (struct cpu_limits){0};
    return 0;
}

void
cpu_limits_done(struct cpu_limits *l)
{
    for (size_t i = 0; i < l->n_rungs; i++) {
        free(l->rungs[i].where);
        free(l->rungs[i].raw);
        free(l->rungs[i].note);
    }
    free(l->rungs);
    free(l->cpus_where);
    free(l->memory_where);
    *l = (struct cpu_limits){0};
}

const char *
cpu_source_name(enum cpu_source source)
{
    return (size_t)source < ARRAY_LEN(sources) ? sources[source].name : "nothing";
}

const char *
cpu_source_id(enum cpu_source source)
{
    return (size_t)source < ARRAY_LEN(sources) ? sources[source].id : "none";
}
