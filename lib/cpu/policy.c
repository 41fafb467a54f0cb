/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/policy.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"
#include "base/str.h"

enum { WORKERS_MAX = 65535 };

static const double FACTOR_MAX = 1e6;

/* A quota is a whole number of microseconds in a period of at most a second, so two different ones
 * are at least 1e-6 apart; what is nearer to a whole number than half of that is one. */
static const double NEARLY = 5e-7;

static const struct {
    const char *name;
    double seconds;
} units[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}};

/* "20ms" -> seconds; unit is false where none was written. */
static bool
parse_time(struct str s, double *value, bool *unit)
{
    double scale = 1;

    *unit = false;
    for (size_t i = 0; i < ARRAY_LEN(units) && !*unit; i++) {
        if (str_ends(s, units[i].name)) {
            *unit = true;
            scale = units[i].seconds;
            s.n -= strlen(units[i].name);
        }
    }
    if (!num_parse_decimal(s, value) || *value <= 0)
        return false;
    *value *= scale;
    return true;
}

/* "20ms/3ms", "20/3"; a unit on one side only could mean two things. */
static bool
parse_ratio(struct str s, double *ratio)
{
    struct str latency = str_cut(&s, '/');
    double r;
    double d;
    bool r_unit;
    bool d_unit;

    if (s.p == NULL || !parse_time(latency, &r, &r_unit) || !parse_time(s, &d, &d_unit) ||
        r_unit != d_unit)
        return false;
    *ratio = r / d;
    return isfinite(*ratio) && *ratio > 0 && *ratio <= FACTOR_MAX;
}

int
policy_parse(const char *text, struct policy *out, struct err *err)
{
    struct str s = str_trim(str_from(text));
    struct policy p = {POLICY_FACTOR, 0};

    if (str_eq_nocase(s, "2n+1")) {
        p.kind = POLICY_2N_PLUS_1;
    } else if (str_eq_nocase(s, "n")) {
        p.kind = POLICY_N;
    } else if (str_eq_nocase(s, "n+1")) {
        p.kind = POLICY_N_PLUS_1;
    } else if (str_starts(s, "measured:")) {
        size_t skip = strlen("measured:");

        p.kind = POLICY_MEASURED;
        if (!parse_ratio((struct str){s.p + skip, s.n - skip}, &p.factor))
            return err_set(err, ERR_USAGE,
                           "policy '%.80s': want measured:R/D, latency over CPU time of a request "
                           "in the same unit, such as measured:20ms/3ms",
                           text);
    } else if (!num_parse_decimal(s, &p.factor) || p.factor <= 0 || p.factor > FACTOR_MAX) {
        return err_set(err, ERR_USAGE,
                       "policy '%.80s': want 2n+1, n, n+1, a factor such as 1.5, or measured:R/D "
                       "such as measured:20ms/3ms",
                       text);
    }
    *out = p;
    return 0;
}

void
policy_format(const struct policy *p, char out[48])
{
    char factor[32] = "";

    if (p->kind == POLICY_FACTOR || p->kind == POLICY_MEASURED)
        num_format_decimal(p->factor, factor);
    switch (p->kind) {
    case POLICY_2N_PLUS_1:
        snprintf(out, 48, "2n+1");
        break;
    case POLICY_N:
        snprintf(out, 48, "n");
        break;
    case POLICY_N_PLUS_1:
        snprintf(out, 48, "n+1");
        break;
    case POLICY_FACTOR:
        snprintf(out, 48, "%s", factor);
        break;
    case POLICY_MEASURED:
        snprintf(out, 48, "measured:%s/1", factor);
        break;
    }
}

/* Never below 1, and 1 for what is no number at all. */
static double
at_least_one(double workers)
{
    return workers >= 1 ? workers : 1;
}

static double
wanted(const struct policy *p, double q)
{
    switch (p->kind) {
    case POLICY_2N_PLUS_1:
        return floor(2 * q + 1 + NEARLY);
    case POLICY_N:
        return ceil(q - NEARLY);
    case POLICY_N_PLUS_1:
        return at_least_one(ceil(q - NEARLY)) + 1;
    case POLICY_FACTOR:
        return floor(q * p->factor + 0.5 + NEARLY);
    case POLICY_MEASURED:
        return ceil(q * p->factor - NEARLY) + 1;
    }
    return 1;
}

static bool
memory_allows(const struct policy_memory *m, double *workers)
{
    uint64_t left;
    uint64_t fit;

    if (m == NULL || m->limit_bytes == 0 || m->per_worker_bytes == 0)
        return false;
    left = m->limit_bytes > m->reserve_bytes ? m->limit_bytes - m->reserve_bytes : 0;
    fit = left / m->per_worker_bytes;
    *workers = (double)fit;
    return true;
}

unsigned
policy_workers(const struct policy *p, double cpus, const struct policy_memory *memory,
               bool *capped)
{
    double workers = at_least_one(wanted(p, cpus));
    double room;
    bool is_capped = false;

    if (workers > WORKERS_MAX)
        workers = WORKERS_MAX;
    if (memory_allows(memory, &room) && room < workers) {
        is_capped = workers > 1;
        workers = at_least_one(room);
    }
    if (capped != NULL)
        *capped = is_capped;
    return (unsigned)workers;
}
