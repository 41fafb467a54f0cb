/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPU_POLICY_H
#define CPU_POLICY_H

/*
 * From CPUs to workers.
 *
 *   2n+1          floor(2q + 1)                    blocking workers
 *   n             max(1, ceil(q))                  event-loop workers
 *   n+1           max(1, ceil(q)) + 1
 *   <decimal>     max(1, round(q * x))
 *   measured:R/D  max(1, ceil(q * R/D) + 1)        R unloaded latency, D CPU time per request
 *
 * R and D are in the same unit, or each with its own: measured:20ms/3ms, measured:1s/250ms.  What
 * differs from a whole number by less than any quota can is that number: 1.0000001 CPUs are 1.
 *
 * The result is capped by memory where a worker's size is known, and is never below 1.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct err;

enum policy_kind { POLICY_2N_PLUS_1, POLICY_N, POLICY_N_PLUS_1, POLICY_FACTOR, POLICY_MEASURED };

struct policy {
    enum policy_kind kind;
    double factor; /* POLICY_FACTOR: x; POLICY_MEASURED: R/D */
};

/* ERR_USAGE with the list of policies when text is none. */
int policy_parse(const char *text, struct policy *out, struct err *err) NODISCARD;

/* Writes the policy's canonical text. */
void policy_format(const struct policy *p, char out[48]);

struct policy_memory {
    uint64_t limit_bytes;      /* 0: unknown, no cap */
    uint64_t reserve_bytes;    /* kept for the master and page cache */
    uint64_t per_worker_bytes; /* 0: unknown, no cap */
};

/* At least 1 and at most 65535.  memory may be NULL; capped (may be NULL) tells whether memory and
 * not the policy decided. */
unsigned policy_workers(const struct policy *p, double cpus, const struct policy_memory *memory,
                        bool *capped);

#endif
