/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/*
 * Time as a value that tests can hold still.  Wall time is for dates on the wire and in files,
 * monotonic time for durations.
 */

#include <stdint.h>

#include "base/attr.h"

struct err;

struct clock {
    int64_t (*unix_seconds)(void *ctx);
    int64_t (*monotonic_ns)(void *ctx);
    void *ctx;
};

/* The system's clocks. */
const struct clock *clock_system(void);

int64_t clock_unix(const struct clock *c); /* seconds since 1970-01-01T00:00:00Z */
int64_t clock_monotonic_ms(const struct clock *c);
int64_t clock_monotonic_us(const struct clock *c);

/* The system's clock_monotonic_us() in one call, for what is done for every request. */
int64_t clock_system_us(void);

/* Breaks a Unix time down by the proleptic Gregorian calendar, UTC, without the C library's time
 * zone state. */
struct clock_date {
    int year, month, day, hour, minute, second;
    int weekday; /* 0 = Sunday */
};
struct clock_date clock_date_utc(int64_t unix_seconds);

/* Times outside the years 0 to 9999 are written as the nearest one inside. */
void clock_format_rfc3339(int64_t unix_seconds, char out[32]); /* 2026-11-23T18:32:00Z */
void clock_format_compact(int64_t unix_seconds, char out[32]); /* 20261123T183200Z (SigV4) */
void clock_format_http(int64_t unix_seconds, char out[32]);    /* RFC 9110 5.6.7 IMF-fixdate */

/* SOURCE_DATE_EPOCH of the environment, 0 when unset; ERR_USAGE when it is no number.
 * https://reproducible-builds.org/specs/source-date-epoch/ */
int clock_source_date_epoch(int64_t *out, struct err *err) NODISCARD;

#endif
