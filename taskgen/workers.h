/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TASKGEN_WORKERS_H
#define TASKGEN_WORKERS_H

/*
 * How many workers fit: what lib/cpu finds out about this machine, or what the options say, turned
 * into a number by a policy.  `workers` prints it, `exec` hands it on; render shares the options.
 */

#include <stdbool.h>

#include "base/attr.h"
#include "base/cli.h"
#include "cpu/cpu.h"
#include "cpu/policy.h"

struct err;

struct workers_opts {
    double cpus;        /* 0: look */
    const char *policy; /* never NULL: tables default to WORKERS_DEFAULT_POLICY */
    const char *memory_per_worker;
    const char *reserve;
};

#define WORKERS_DEFAULT_POLICY "2n+1"

/* Lines of an option table; member is the struct workers_opts in the options struct. */
#define WORKERS_OPTIONS_POLICY(options, member)                                                  \
    {.name = "policy",                                                                           \
     .letter = 'p',                                                                              \
     .type = CLI_STR,                                                                            \
     .offset = offsetof(options, member.policy),                                                 \
     .arg = "POLICY",                                                                            \
     .help = "From CPUs to workers: 2n+1, n, n+1, a factor such as 1.5, or measured:R/D."},      \
        {.name = "memory-per-worker",                                                            \
         .type = CLI_STR,                                                                        \
         .offset = offsetof(options, member.memory_per_worker),                                  \
         .arg = "SIZE",                                                                          \
         .help =                                                                                 \
             "Never more workers than fit into the memory at this size each, such as 64 MiB."},  \
    {                                                                                            \
        .name = "reserve", .type = CLI_STR, .offset = offsetof(options, member.reserve),         \
        .arg = "SIZE", .help = "Memory that is not for workers when --memory-per-worker counts." \
    }
#define WORKERS_OPTIONS_CPUS(options, member)                                      \
    {                                                                              \
        .name = "cpus", .letter = 'c', .type = CLI_DECIMAL,                        \
        .offset = offsetof(options, member.cpus), .arg = "N",                      \
        .help = "Count with this many CPUs, whatever is found; 0.25 is a quarter." \
    }

struct workers {
    struct cpu_limits limits;
    struct policy policy;
    unsigned count;
    bool capped; /* memory decided */
};

/* Looks at this machine; ERR_USAGE when an option is wrong. */
int workers_find(const struct workers_opts *opts, struct workers *out, struct err *err) NODISCARD;
void workers_done(struct workers *w);
#define cleanup_workers __attribute__((cleanup(workers_done)))

/* The value of --memory-per-worker or --reserve; ERR_USAGE "'TEXT' is no ...".  NULL leaves *bytes.
 */
int workers_memory(const char *text, uint64_t *bytes, struct err *err) NODISCARD;

/* CPUs as whole threads: rounded up, as a runtime with fewer threads than CPUs leaves some idle. */
unsigned workers_threads(const struct workers *w);

/* "3 workers (2n+1 of 1 CPU; ECS task metadata)". */
void workers_describe(const struct workers *w, struct buf *out);

#endif
