/* SPDX-License-Identifier: Apache-2.0 */
#include "ecs/size_text.h"

#include <stdio.h>

#include "base/err.h"
#include "ecs/size.h"

enum {
    DIGITS_MAX = 9,   /* before the point: more would be petabytes */
    PLACES_MAX = 10,  /* after it, trailing zeros not counted: what 1/1024 needs */
    UNITS_FROM = 128, /* the least that ECS takes as CPU units, on any launch type */
    VCPUS_UP_TO = 32, /* the most vCPUs of a task */
    SIZE_MAX_VALUE = 1000 * 1000 * 1000
};

/* A decimal number, exactly: whole + fraction / scale. */
struct decimal {
    uint64_t whole;
    uint64_t fraction;
    uint64_t scale;
    bool has_point;
};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Cuts a number off the front of *s.  "1." and "." are none. */
static bool
cut_decimal(struct str *s, struct decimal *d)
{
    size_t i = 0;
    size_t digits = 0;
    size_t places = 0;
    size_t point;

    *d = (struct decimal){0, 0, 1, false};
    for (; i < s->n && is_digit(s->p[i]); i++) {
        if (d->whole == 0)
            digits = 0;
        if (++digits > DIGITS_MAX)
            return false;
        d->whole = d->whole * 10 + (uint64_t)(s->p[i] - '0');
    }
    if (i < s->n && s->p[i] == '.') {
        size_t end = i + 1;

        d->has_point = true;
        point = i;
        while (end < s->n && is_digit(s->p[end]))
            end++;
        i = end;
        if (end == point + 1)
            return false;
        while (s->p[end - 1] == '0')
            end--;
        for (size_t k = point + 1; k < end; k++) {
            if (++places > PLACES_MAX)
                return false;
            d->fraction = d->fraction * 10 + (uint64_t)(s->p[k] - '0');
            d->scale *= 10;
        }
    } else if (i == 0) {
        return false;
    }
    s->p += i;
    s->n -= i;
    return true;
}

/* The number times factor, when that is a whole number within range. */
static bool
scaled(const struct decimal *d, uint32_t factor, uint32_t *out)
{
    uint64_t part = d->fraction * factor; /* below 10^10 * 2^10 */
    uint64_t sum;

    if (part % d->scale != 0)
        return false;
    sum = d->whole * factor + part / d->scale;
    if (sum > SIZE_MAX_VALUE)
        return false;
    *out = (uint32_t)sum;
    return true;
}

static bool
is_unit(struct str s, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (str_eq_nocase(s, *names))
            return true;
    }
    return false;
}

static int
bad_cpu(struct err *err)
{
    return err_set(err, ERR_INVALID,
                   "is no CPU size; write CPU units such as 1024, or vCPUs such as '1 vCPU'");
}

static int
cpu_without_unit(const struct decimal *d, enum size_text_dialect dialect, uint32_t *units,
                 struct err *err)
{
    bool is_vcpus = d->whole < VCPUS_UP_TO || (d->whole == VCPUS_UP_TO && d->fraction == 0);

    if (dialect == SIZE_TEXT_OPTION && is_vcpus) {
        if (scaled(d, SIZE_UNITS_PER_VCPU, units))
            return 0;
        return err_set(err, ERR_INVALID, "is no whole number of CPU units (1 vCPU has 1024)");
    }
    if (d->has_point)
        return err_set(err, ERR_INVALID, "is no whole number of CPU units; say '0.5 vCPU' or 512");
    if (dialect == SIZE_TEXT_OPTION && d->whole < UNITS_FROM)
        return err_set(err, ERR_INVALID,
                       "is neither vCPUs, which end at 32, nor CPU units, which begin at 128");
    if (!scaled(d, 1, units))
        return err_set(err, ERR_INVALID, "is too large for CPU units; the most is 32768");
    return 0;
}

int
size_text_cpu(struct str text, enum size_text_dialect dialect, uint32_t *units, struct err *err)
{
    static const char *const ecs_names[] = {"vcpu", NULL};
    static const char *const option_names[] = {"vcpu", "vcpus", NULL};
    struct str s = str_trim(text);
    struct decimal d;
    uint32_t result = 0;

    if (!cut_decimal(&s, &d))
        return bad_cpu(err);
    s = str_trim(s);
    if (s.n == 0) {
        if (cpu_without_unit(&d, dialect, &result, err) < 0)
            return -1;
    } else if (!is_unit(s, dialect == SIZE_TEXT_ECS ? ecs_names : option_names)) {
        return bad_cpu(err);
    } else if (!scaled(&d, SIZE_UNITS_PER_VCPU, &result)) {
        return err_set(err, ERR_INVALID, "is no whole number of CPU units (1 vCPU has 1024)");
    }
    if (result == 0)
        return err_set(err, ERR_INVALID, "is no CPU at all; the least is 256 units (.25 vCPU)");
    *units = result;
    return 0;
}

static int
bad_memory(enum size_text_dialect dialect, struct err *err)
{
    return err_set(err, ERR_INVALID, "is no memory size; write MiB such as 2048, or '2 GB'%s",
                   dialect == SIZE_TEXT_OPTION ? ", '512 MiB'" : "");
}

int
size_text_memory(struct str text, enum size_text_dialect dialect, uint32_t *mib, struct err *err)
{
    static const char *const ecs_gb[] = {"gb", NULL};
    static const char *const option_gb[] = {"gb", "gib", "g", NULL};
    static const char *const option_mib[] = {"mb", "mib", "m", NULL};
    struct str s = str_trim(text);
    struct decimal d;
    uint32_t result = 0;
    bool fits;

    if (!cut_decimal(&s, &d))
        return bad_memory(dialect, err);
    s = str_trim(s);
    if (s.n == 0 || (dialect == SIZE_TEXT_OPTION && is_unit(s, option_mib))) {
        if (s.n == 0 && d.has_point)
            return err_set(err, ERR_INVALID, "has no unit; did you mean '" STR_FMT " GB'?",
                           STR_ARG(str_trim(text)));
        fits = scaled(&d, 1, &result);
    } else if (is_unit(s, dialect == SIZE_TEXT_ECS ? ecs_gb : option_gb)) {
        fits = scaled(&d, SIZE_MIB_PER_GB, &result);
    } else {
        return bad_memory(dialect, err);
    }
    if (!fits)
        return err_set(err, ERR_INVALID, "is no whole number of MiB that a task could have");
    if (result == 0)
        return err_set(err, ERR_INVALID, "is no memory at all; the least of a task is 512 MiB");
    *mib = result;
    return 0;
}

/* Whole numbers of 1/1024 have at most ten decimal places; Fargate's sizes have at most two. */
static void
format_1024th(uint32_t value, const char *unit, char out[SIZE_TEXT_MAX])
{
    char number[24];
    size_t end;

    end = (size_t)snprintf(number, sizeof(number), "%u.%010llu", value / 1024,
                           (unsigned long long)(value % 1024) * 10000000000ULL / 1024);
    while (number[end - 1] == '0')
        end--;
    if (number[end - 1] == '.')
        end--;
    snprintf(out, SIZE_TEXT_MAX, "%.*s %s", (int)end, number, unit);
}

void
size_text_vcpu(uint32_t units, char out[SIZE_TEXT_MAX])
{
    format_1024th(units, "vCPU", out);
}

void
size_text_gb(uint32_t mib, char out[SIZE_TEXT_MAX])
{
    format_1024th(mib, "GB", out);
}
