/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLI_WRAP_H
#define BASE_CLI_WRAP_H

/* Text in columns, for terminals. */

#include <stddef.h>

#include "base/str.h"

struct buf;

enum { CLI_WRAP_WIDTH = 80 };

/* Columns that UTF-8 text takes, where every character takes one. */
size_t cli_wrap_columns(struct str text);

/* Appends the words of text in lines of at most CLI_WRAP_WIDTH columns, each but the first behind
 * indent blanks; the first starts at column `at`.  Ends with a newline. */
void cli_wrap_words(struct str text, size_t at, size_t indent, struct buf *out);

/* Paragraphs: lines are filled, empty lines part them, and lines that start with a blank stay as
 * they are, for examples. */
void cli_wrap_paragraphs(const char *text, struct buf *out);

#endif
