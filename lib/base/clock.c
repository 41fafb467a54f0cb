/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/num.h"

enum { SECONDS_A_DAY = 86400 };

/* 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z: what four digits of a year can say. */
#define FIRST_UNIX_SECOND (-62167219200LL)
#define LAST_UNIX_SECOND  253402300799LL

static int64_t
system_unix(void *ctx UNUSED)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return ts.tv_sec;
}

static int64_t
system_monotonic(void *ctx UNUSED)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t
clock_system_us(void)
{
    return system_monotonic(NULL) / 1000;
}

const struct clock *
clock_system(void)
{
    static const struct clock the_system = {system_unix, system_monotonic, NULL};

    return &the_system;
}

int64_t
clock_unix(const struct clock *c)
{
    return c->unix_seconds(c->ctx);
}

int64_t
clock_monotonic_ms(const struct clock *c)
{
    return c->monotonic_ns(c->ctx) / 1000000;
}

int64_t
clock_monotonic_us(const struct clock *c)
{
    return c->monotonic_ns(c->ctx) / 1000;
}

/* Days to a civil date: count from 0000-03-01 in eras of 400 years, so that the leap day is the
 * last day of a counted year. */
struct clock_date
clock_date_utc(int64_t unix_seconds)
{
    int64_t days = unix_seconds / SECONDS_A_DAY;
    int64_t rest = unix_seconds % SECONDS_A_DAY;
    int64_t era, day_of_era, year_of_era, day_of_year, month;
    struct clock_date d;

    if (rest < 0) {
        rest += SECONDS_A_DAY;
        days--;
    }
    d.weekday = (int)(((days % 7) + 11) % 7);
    days += 719468;
    era = (days >= 0 ? days : days - 146096) / 146097;
    day_of_era = days - era * 146097;
    year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    month = (5 * day_of_year + 2) / 153;
    d.day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    d.month = (int)(month < 10 ? month + 3 : month - 9);
    d.year = (int)(year_of_era + era * 400 + (d.month <= 2 ? 1 : 0));
    d.hour = (int)(rest / 3600);
    d.minute = (int)(rest % 3600 / 60);
    d.second = (int)(rest % 60);
    return d;
}

static struct clock_date
date_of_four_digits(int64_t unix_seconds)
{
    if (unix_seconds < FIRST_UNIX_SECOND)
        unix_seconds = FIRST_UNIX_SECOND;
    if (unix_seconds > LAST_UNIX_SECOND)
        unix_seconds = LAST_UNIX_SECOND;
    return clock_date_utc(unix_seconds);
}

void
clock_format_rfc3339(int64_t unix_seconds, char out[32])
{
    struct clock_date d = date_of_four_digits(unix_seconds);

    snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02dZ", d.year % 10000, d.month, d.day, d.hour,
             d.minute, d.second);
}

void
clock_format_compact(int64_t unix_seconds, char out[32])
{
    struct clock_date d = date_of_four_digits(unix_seconds);

    snprintf(out, 32, "%04d%02d%02dT%02d%02d%02dZ", d.year % 10000, d.month, d.day, d.hour,
             d.minute, d.second);
}

void
clock_format_http(int64_t unix_seconds, char out[32])
{
    static const char weekdays[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct clock_date d = date_of_four_digits(unix_seconds);

    snprintf(out, 32, "%s, %02d %s %04d %02d:%02d:%02d GMT", weekdays[d.weekday], d.day,
             months[d.month - 1], d.year % 10000, d.hour, d.minute, d.second);
}

int
clock_source_date_epoch(int64_t *out, struct err *err)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");

    if (text == NULL || text[0] == '\0') {
        *out = 0;
        return 0;
    }
    if (!num_parse_i64(str_from(text), 0, LAST_UNIX_SECOND, out))
        return err_set(err, ERR_USAGE,
                       "SOURCE_DATE_EPOCH: '%s' is not a number of seconds since 1970", text);
    return 0;
}
