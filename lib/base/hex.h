/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_HEX_H
#define BASE_HEX_H

/* Lower-case hexadecimal, as digests and signatures are written. */

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Writes 2 * n digits and a NUL. */
void hex_encode(const void *p, size_t n, char *out);

/* True when s is exactly n lower-case hexadecimal digits. */
bool hex_is_lower(struct str s, size_t n);

#endif
