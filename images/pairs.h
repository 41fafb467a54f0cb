/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_PAIRS_H
#define IMAGES_PAIRS_H

/* NAME=VALUE texts of the command line: environment, labels, annotations. */

#include "base/attr.h"

struct err;
struct json_t;

/* Puts a text into an object as "name": "value".  A text without '=', an empty name, one given
 * twice and text that is not UTF-8 are refused. */
int pairs_add(struct json_t *object, const char *text, struct err *err) NODISCARD;

#endif
