/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

/* UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, nothing above U+10FFFF. */

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct buf;

/* Bytes of the character that s starts with, 0 when it starts with none. */
size_t utf8_char_len(struct str s);

bool utf8_is_valid(struct str s);

/* Appends s with U+FFFD for each byte that belongs to no character. */
void utf8_repair(struct str s, struct buf *out);

#endif
