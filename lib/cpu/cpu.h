/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPU_CPU_H
#define CPU_CPU_H

/*
 * How many CPUs and how much memory this process may use, and from which source that is known.
 *
 * The ladder (docs/architecture.md): what the user said wins outright; otherwise the answer is the
 * lowest of the platform's limit (ECS task metadata, else what taskgen stamped into the
 * environment), the visible cgroup quota (the lowest over all visible ancestors, v1, v2 and
 * hybrid), and the CPUs (affinity, then online).  Shares and weights are never a limit.  Each rung
 * that was looked at is kept with the raw text read, for `--explain`.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/fs.h"

struct buf;
struct clock;
struct err;
struct json_t;

enum cpu_source {
    CPU_SOURCE_NONE,
    CPU_SOURCE_EXPLICIT, /* --cpus or BERTH_CPUS */
    CPU_SOURCE_METADATA, /* ECS task metadata, v4 or v3 */
    CPU_SOURCE_STAMP,    /* BERTH_CPU_UNITS, BERTH_MEMORY_MIB */
    CPU_SOURCE_CGROUP_V2,
    CPU_SOURCE_CGROUP_V1,
    CPU_SOURCE_AFFINITY, /* sched_getaffinity */
    CPU_SOURCE_ONLINE,   /* online CPUs */
    CPU_SOURCE_MEMINFO   /* MemTotal: the ceiling where nothing else limits memory */
};

/* One rung of the ladder: where was looked, what was read, what it means. */
struct cpu_rung {
    enum cpu_source source;
    bool is_memory; /* a rung of the memory ladder; value is bytes then, else CPUs */
    bool has_value; /* false: nothing there, no limit, or unreadable; note says which */
    double value;
    /* Printable ASCII: everything else that was read is escaped (\n, \x1b). */
    char *where; /* file, variable or URL */
    char *raw;   /* text read, shortened to 200 bytes before escaping, or NULL */
    char *note;  /* one sentence for the reader, or NULL */
};

struct cpu_limits {
    double cpus; /* > 0 */
    enum cpu_source cpus_source;
    char *cpus_where;      /* file, variable or URL of the rung that decided */
    uint64_t memory_bytes; /* 0 when unknown */
    enum cpu_source memory_source;
    char *memory_where;
    struct cpu_rung *rungs; /* in ladder order, CPU and memory rungs mixed */
    size_t n_rungs;
    size_t cpus_rung; /* which of them decided; n_rungs when none did */
    size_t memory_rung;
};

/* Fetches a URL's document into out, which carries the size limit, within timeout_ms for all of it.
 * Any status but 200 is a failure.  Handed in, so that this library needs no HTTP client. */
typedef int (*cpu_fetch_fn)(void *ctx, const char *url, unsigned timeout_ms, struct buf *out,
                            struct err *err);

struct cpu_opts {
    double explicit_cpus;                    /* --cpus; 0 = not given */
    struct fs_root root;                     /* where /proc and /sys are */
    const char *(*getenv)(const char *name); /* NULL: the process's own environment */
    cpu_fetch_fn fetch;                      /* NULL: the metadata is not asked */
    void *fetch_ctx;
    unsigned affinity_cpus;    /* for tests: 0 = ask the kernel */
    const struct clock *clock; /* NULL: the system's; measures the metadata's one second */
};

/* Fails only where the user was wrong (BERTH_CPUS is no number); what the machine hides or garbles
 * becomes a rung with a note. */
int cpu_detect(const struct cpu_opts *opts, struct cpu_limits *out, struct err *err) NODISCARD;
void cpu_limits_done(struct cpu_limits *l);
#define cleanup_cpu_limits __attribute__((cleanup(cpu_limits_done)))

/* "ECS task metadata", "cgroup v2", ...: for people. */
const char *cpu_source_name(enum cpu_source source);
/* "metadata", "cgroup-v2", ...: for JSON. */
const char *cpu_source_id(enum cpu_source source);

/* The whole ladder as text lines; the rungs that decided are marked with ">". */
void cpu_explain(const struct cpu_limits *l, struct buf *out);

/*
 * The same as a JSON object (new reference):
 *   {"cpus": 0.25, "source": "cgroup-v1", "where": "...", "memory_bytes": 536870912,
 *    "memory_source": "meminfo", "memory_where": "...",
 *    "ladder": [{"kind": "cpu"|"memory", "source", "where", "raw", "value", "note", "decides"}]}
 * What is unknown is null.
 */
struct json_t *cpu_explain_json(const struct cpu_limits *l);

#endif
