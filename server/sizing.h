/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_SIZING_H
#define SERVER_SIZING_H

/* How many workers to start, and the words that say why. */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "cpu/cpu.h"

struct buf;
struct err;

enum { SIZING_WORKERS_MAX = 1024 };

struct sizing_opts {
    const char *workers;   /* a number, "auto", a policy's name, or NULL */
    bool from_environment; /* workers is WEB_CONCURRENCY's value */
    const char *policy;    /* for auto; NULL: the class's own */
    const char *worker_class;
    double cpus;           /* --cpus; 0: find out */
    unsigned max_workers;  /* --max-workers; 0: none */
    uint64_t worker_bytes; /* private memory of a worker; 0: not known yet */
    cpu_fetch_fn fetch;    /* of the ECS metadata */
    void *fetch_ctx;
    bool quiet; /* no warning: it was given before */
};

struct sizing {
    unsigned workers;
    bool fixed;            /* the operator gave a number: no limit changes it */
    bool capped;           /* memory decided */
    double cpus;           /* 0: not looked for, as the number is fixed */
    char *source;          /* of cpus: "cgroup v1 /sys/..."; NULL likewise */
    uint64_t memory_bytes; /* 0: no limit known */
    char *memory_source;
};
#define cleanup_sizing __attribute__((cleanup(sizing_done)))

/* A number is taken as it is; a policy is applied to the limits. */
int sizing_find(const struct sizing_opts *opts, struct sizing *out, struct err *err) NODISCARD;
void sizing_done(struct sizing *s);

/* Only the limits, whatever the number of workers: out->workers is not set. */
int sizing_limits(const struct sizing_opts *opts, struct sizing *out, struct err *err) NODISCARD;

/* "2 workers (event, policy n) for 1.5 CPUs from cgroup v1 /sys/..." */
void sizing_describe(const struct sizing_opts *opts, const struct sizing *s, struct buf *out);

/* "1.5 CPUs from cgroup v1 /sys/...", and what the memory allows; "--workers" where it is fixed. */
void sizing_reason(const struct sizing_opts *opts, const struct sizing *s, struct buf *out);

#endif
