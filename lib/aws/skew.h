/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_SKEW_H
#define AWS_SKEW_H

/*
 * A clock that runs wrong makes every signature wrong: AWS accepts dates within five minutes.  The
 * answer to such a request carries the service's own time, from which the difference is known.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* True for the error codes that a wrong clock can cause. */
bool skew_is_suspect(const char *code);

/* True when the Date header differs from now by more than four minutes; *offset is what must be
 * added to the clock. */
bool skew_measure(struct str date_header, int64_t now, int64_t *offset);

/* The Unix time of an IMF-fixdate (RFC 9110 5.6.7), "Sun, 23 Nov 2026 18:32:00 GMT". */
bool skew_parse_date(struct str s, int64_t *out);

#endif
