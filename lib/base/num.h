/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_NUM_H
#define BASE_NUM_H

/*
 * Numbers from text: the whole view must be the number, in ASCII, whatever the locale.  No sign,
 * blank or base prefix is skipped over in silence, and out of range is a failure, not a clamp.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

bool num_parse_u64(struct str s, uint64_t max, uint64_t *out); /* digits only */
bool num_parse_i64(struct str s, int64_t min, int64_t max,
                   int64_t *out); /* one leading '-' allowed */
bool num_parse_octal(struct str s, uint64_t max, uint64_t *out);

/* Digits with at most one point ("2", "0.25", ".25", "1."): no sign, exponent, infinity or NaN. */
bool num_parse_decimal(struct str s, double *out);

/* The shortest of "%.Nf", N = 0..9, that reads back as v to nine decimals: 0.25, 2, 1.5.  From 1e15
 * on, where a double has no decimals to speak of, as "%g". */
void num_format_decimal(double v, char out[32]);

#endif
