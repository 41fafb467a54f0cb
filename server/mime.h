/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_MIME_H
#define SERVER_MIME_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/str.h"

/* The media type for a file's name, by its extension in any case; application/octet-stream when
 * there is none in the table. */
const char *mime_of(struct str name);

/* Whether the table has its extension. */
bool mime_knows(struct str name) NODISCARD;

#endif
