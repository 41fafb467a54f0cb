/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_MIME_H
#define SERVER_MIME_H

#include "base/str.h"

/* The media type for a file's name, by its extension in any case; application/octet-stream when
 * there is none in the table. */
const char *mime_of(struct str name);

#endif
