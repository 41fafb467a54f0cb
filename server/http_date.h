/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_DATE_H
#define SERVER_HTTP_DATE_H

/* Reading dates of HTTP (RFC 9110 5.6.7); writing is clock_format_http() of base/clock.h. */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

/* All three formats that a server must understand.  now says which century a year of two digits is
 * in. */
bool http_date_parse(struct str text, int64_t now, int64_t *unix_seconds) NODISCARD;

#endif
