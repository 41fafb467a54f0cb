/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_JSON_TEXT_H
#define SERVER_JSON_TEXT_H

/* JSON written straight into a buffer, for answers that are made at every request. */

#include "base/str.h"

struct buf;

/* A string with its quotes.  Invalid UTF-8 becomes U+FFFD, so that the text is always JSON. */
void json_text_string(struct buf *out, struct str s);

#endif
