/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JSON_FENCE_H
#define JSON_FENCE_H

/*
 * jansson and json/json.h in one file: some macros of the one are names of the other.  Only for
 * lib/json's own sources, which use jansson's functions and none of these macros.
 */

#include <jansson.h>

#undef JSON_COMPACT
#undef json_is_object
#undef json_is_array
#undef json_is_number
#undef json_is_null

#include "json/json.h"

#endif
