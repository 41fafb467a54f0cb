/* SPDX-License-Identifier: Apache-2.0 */
#include "base/num.h"

#include <math.h>
#include <stdio.h>

enum { DECIMAL_DIGITS_MAX = 18 }; /* what a double's 53 bits and a uint64_t both carry */

static bool
parse_digits(struct str s, unsigned base, uint64_t max, uint64_t *out)
{
    const uint64_t most = max / base; /* that another digit may follow */
    uint64_t v = 0;

    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned d = (unsigned char)s.p[i] - (unsigned)'0';

        if (d >= base || v > most || d > max - v * base)
            return false;
        v = v * base + d;
    }
    *out = v;
    return true;
}

bool
num_parse_u64(struct str s, uint64_t max, uint64_t *out)
{
    return parse_digits(s, 10, max, out);
}

bool
num_parse_octal(struct str s, uint64_t max, uint64_t *out)
{
    return parse_digits(s, 8, max, out);
}

bool
num_parse_i64(struct str s, int64_t min, int64_t max, int64_t *out)
{
    bool negative = s.n > 0 && s.p[0] == '-';
    uint64_t v;
    int64_t result;

    if (negative) {
        s.p++;
        s.n--;
    }
    if (!parse_digits(s, 10, (uint64_t)INT64_MAX + (negative ? 1 : 0), &v))
        return false;
    result = negative ? (int64_t)(0 - v) : (int64_t)v;
    if (result < min || result > max)
        return false;
    *out = result;
    return true;
}

bool
num_parse_decimal(struct str s, double *out)
{
    uint64_t digits = 0;
    double scale = 1;
    bool point = false;
    size_t seen = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (s.p[i] < '0' || s.p[i] > '9' || ++seen > DECIMAL_DIGITS_MAX)
            return false;
        digits = digits * 10 + (uint64_t)(s.p[i] - '0');
        if (point)
            scale *= 10;
    }
    if (seen == 0)
        return false;
    *out = (double)digits / scale;
    return true;
}

void
num_format_decimal(double v, char out[32])
{
    double size = fabs(v);

    if (!(size < 1e15)) {
        snprintf(out, 32, "%.15g", v);
        return;
    }
    for (int places = 0; places <= 9; places++) {
        char text[32];
        double back;

        snprintf(text, sizeof(text), "%.*f", places, size);
        if (places < 9 && (!num_parse_decimal(str_from(text), &back) || fabs(back - size) >= 5e-10))
            continue;
        snprintf(out, 32, "%.*f", places, v);
        return;
    }
}
