/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sizing.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/num.h"
#include "cpu/cpu.h"
#include "cpu/policy.h"
#include "server/http_fetch.h"

enum { WORKERS_MAX = 1024 };

/* One loop uses up a CPU; a worker that waits for its database leaves it to others. */
static const char *
class_policy(const struct sizing_opts *opts)
{
    return strcmp(opts->worker_class, "event") == 0 ? "n" : "2n+1";
}

static int
fixed_number(const struct sizing_opts *opts, uint64_t n, unsigned *workers, struct buf *why,
             struct err *err)
{
    const char *where = opts->from_environment ? "WEB_CONCURRENCY" : "--workers";

    if (n < 1 || n > WORKERS_MAX)
        return err_set(err, ERR_USAGE, "%s '%s': there must be from 1 to %d workers", where,
                       opts->workers, WORKERS_MAX);
    *workers = (unsigned)n;
    buf_appendf(why, "%u worker%s (%s, %s)", *workers, n == 1 ? "" : "s", opts->worker_class,
                where);
    return 0;
}

/* On ECS no file shows the task's quota: without the metadata the workers may be far too many,
 * which nobody should have to guess from a slow service. */
static void
warn_without_metadata(const struct cpu_limits *l)
{
    const struct cpu_rung *failed = NULL;
    bool named;

    for (size_t i = 0; i < l->n_rungs; i++) {
        const struct cpu_rung *r = &l->rungs[i];

        if (r->source != CPU_SOURCE_METADATA || r->is_memory)
            continue;
        if (r->has_value)
            return;
        /* where is a URL that was asked, or the variable that should hold one. */
        if (strchr(r->where, '/') != NULL || getenv(r->where) != NULL)
            failed = r;
    }
    if (failed == NULL || failed->note == NULL || l->cpus_source == CPU_SOURCE_EXPLICIT)
        return;
    /* What http_fetch() says begins with the URL already. */
    named = str_starts(str_from(failed->note), failed->where);
    log_warn("the limit of the ECS task is not known, the next source counts: %s%s%s",
             named ? "" : failed->where, named ? "" : ": ", failed->note);
}

static int
by_policy(const struct sizing_opts *opts, const char *text, unsigned *workers, struct buf *why,
          struct err *err)
{
    struct cpu_opts ask = {
        .explicit_cpus = opts->cpus, .root = FS_ROOT_SYSTEM, .fetch = http_fetch};
    cleanup_cpu_limits struct cpu_limits limits = {0};
    struct policy policy;
    char name[48];
    char cpus[32];

    if (policy_parse(text, &policy, err) < 0)
        return -1;
    if (cpu_detect(&ask, &limits, err) < 0)
        return -1;
    warn_without_metadata(&limits);
    *workers = policy_workers(&policy, limits.cpus, NULL, NULL);
    if (*workers > WORKERS_MAX)
        *workers = WORKERS_MAX;
    policy_format(&policy, name);
    num_format_decimal(limits.cpus, cpus);
    buf_appendf(why, "%u worker%s (%s, policy %s) for %s CPU%s from %s", *workers,
                *workers == 1 ? "" : "s", opts->worker_class, name, cpus,
                limits.cpus == 1 ? "" : "s", cpu_source_name(limits.cpus_source));
    if (limits.cpus_where != NULL)
        buf_appendf(why, " %s", limits.cpus_where);
    return 0;
}

int
sizing_workers(const struct sizing_opts *opts, unsigned *workers, struct buf *why, struct err *err)
{
    const char *text = opts->workers;
    uint64_t n;

    if (text == NULL || text[0] == '\0' || strcmp(text, "auto") == 0)
        return by_policy(opts, opts->policy != NULL ? opts->policy : class_policy(opts), workers,
                         why, err);
    /* Blanks around a number in the environment are common, and gunicorn takes them. */
    if (num_parse_u64(str_trim(str_from(text)), UINT64_MAX, &n))
        return fixed_number(opts, n, workers, why, err);
    if (by_policy(opts, text, workers, why, err) < 0)
        return err_wrap(err, "%s", opts->from_environment ? "WEB_CONCURRENCY" : "--workers");
    return 0;
}

double
sizing_cpus(const struct sizing_opts *opts)
{
    struct cpu_opts ask = {
        .explicit_cpus = opts->cpus, .root = FS_ROOT_SYSTEM, .fetch = http_fetch};
    cleanup_cpu_limits struct cpu_limits limits = {0};
    struct err err = ERR_INIT;

    return cpu_detect(&ask, &limits, &err) == 0 ? limits.cpus : 0;
}
