/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sizing.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "cpu/cpu.h"
#include "cpu/policy.h"
#include "server/http_fetch.h"

/* One loop uses up a CPU; a worker that waits for its database leaves it to others. */
static const char *
class_policy(const struct sizing_opts *opts)
{
    return strcmp(opts->worker_class, "event") == 0 ? "n" : "2n+1";
}

/* Kept for the master, and for the files that the kernel holds in memory for the workers. */
enum { RESERVE_PART = 8 };
#define RESERVE_MIN ((uint64_t)8 << 20)
#define RESERVE_MAX ((uint64_t)128 << 20)

static const char *
where_from(const struct sizing_opts *opts)
{
    return opts->from_environment ? "WEB_CONCURRENCY" : "--workers";
}

static unsigned
at_most(const struct sizing_opts *opts, unsigned workers)
{
    unsigned most = opts->max_workers > 0 ? opts->max_workers : SIZING_WORKERS_MAX;

    return workers < most ? workers : most;
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

static char *
source_text(enum cpu_source source, const char *where)
{
    return mem_printf("%s%s%s", cpu_source_name(source), where != NULL ? " " : "",
                      where != NULL ? where : "");
}

int
sizing_limits(const struct sizing_opts *opts, struct sizing *out, struct err *err)
{
    struct cpu_opts ask = {.explicit_cpus = opts->cpus,
                           .root = FS_ROOT_SYSTEM,
                           .fetch = opts->fetch != NULL ? opts->fetch : http_fetch,
                           .fetch_ctx = opts->fetch_ctx};
    cleanup_cpu_limits struct cpu_limits limits = {0};

    if (cpu_detect(&ask, &limits, err) < 0)
        return -1;
    if (!opts->quiet)
        warn_without_metadata(&limits);
    *out = (struct sizing){.cpus = limits.cpus, .memory_bytes = limits.memory_bytes};
    out->source = source_text(limits.cpus_source, limits.cpus_where);
    out->memory_source = source_text(limits.memory_source, limits.memory_where);
    return 0;
}

static uint64_t
reserve_of(uint64_t memory)
{
    uint64_t part = memory / RESERVE_PART;

    return part < RESERVE_MIN ? RESERVE_MIN : part > RESERVE_MAX ? RESERVE_MAX : part;
}

static const char *
policy_text(const struct sizing_opts *opts)
{
    const char *text = opts->workers;

    if (text != NULL && text[0] != '\0' && strcmp(text, "auto") != 0)
        return text;
    return opts->policy != NULL ? opts->policy : class_policy(opts);
}

static int
by_policy(const struct sizing_opts *opts, struct sizing *out, struct err *err)
{
    struct policy_memory memory = {.per_worker_bytes = opts->worker_bytes};
    struct policy policy;

    if (policy_parse(policy_text(opts), &policy, err) < 0 || sizing_limits(opts, out, err) < 0)
        return -1;
    memory.limit_bytes = out->memory_bytes;
    memory.reserve_bytes = reserve_of(out->memory_bytes);
    out->workers = at_most(opts, policy_workers(&policy, out->cpus, NULL, NULL));
    if (at_most(opts, policy_workers(&policy, out->cpus, &memory, &out->capped)) < out->workers)
        out->workers = policy_workers(&policy, out->cpus, &memory, NULL);
    else
        out->capped = false;
    return 0;
}

int
sizing_find(const struct sizing_opts *opts, struct sizing *out, struct err *err)
{
    uint64_t n;

    /* Blanks around a number in the environment are common, and gunicorn takes them. */
    if (opts->workers == NULL ||
        !num_parse_u64(str_trim(str_from(opts->workers)), UINT64_MAX, &n)) {
        if (by_policy(opts, out, err) == 0)
            return 0;
        return policy_text(opts) == opts->workers ? err_wrap(err, "%s", where_from(opts)) : -1;
    }
    if (n < 1 || n > SIZING_WORKERS_MAX)
        return err_set(err, ERR_USAGE, "%s '%s': there must be from 1 to %d workers",
                       where_from(opts), opts->workers, SIZING_WORKERS_MAX);
    *out = (struct sizing){.workers = at_most(opts, (unsigned)n), .fixed = true};
    return 0;
}

void
sizing_done(struct sizing *s)
{
    free(s->source);
    free(s->memory_source);
    *s = (struct sizing){0};
}

static void
append_mib(struct buf *out, uint64_t bytes)
{
    uint64_t hundredths = bytes / 1024 * 100 / 1024;
    char text[32];

    num_format_decimal((double)hundredths / 100, text);
    buf_appendf(out, "%s MiB", text);
}

static void
append_memory(const struct sizing_opts *opts, const struct sizing *s, struct buf *out)
{
    append_mib(out, s->memory_bytes);
    buf_appendf(out, " from %s, ", s->memory_source);
    append_mib(out, opts->worker_bytes);
    buf_append_str(out, " a worker");
}

static void
append_cpus(const struct sizing *s, struct buf *out)
{
    char cpus[32];

    num_format_decimal(s->cpus, cpus);
    buf_appendf(out, "%s CPU%s from %s", cpus, s->cpus == 1 ? "" : "s", s->source);
}

void
sizing_reason(const struct sizing_opts *opts, const struct sizing *s, struct buf *out)
{
    if (s->fixed) {
        buf_append_str(out, where_from(opts));
        return;
    }
    append_cpus(s, out);
    if (!s->capped)
        return;
    buf_append_str(out, "; memory allows no more: ");
    append_memory(opts, s, out);
}

void
sizing_describe(const struct sizing_opts *opts, const struct sizing *s, struct buf *out)
{
    struct err ignored = ERR_INIT;
    struct policy policy;
    char name[48];

    buf_appendf(out, "%u worker%s (%s, ", s->workers, s->workers == 1 ? "" : "s",
                opts->worker_class);
    if (s->fixed) {
        sizing_reason(opts, s, out);
        buf_append_char(out, ')');
        return;
    }
    if (policy_parse(policy_text(opts), &policy, &ignored) == 0) {
        policy_format(&policy, name);
        buf_appendf(out, "policy %s) for ", name);
    }
    sizing_reason(opts, s, out);
}
