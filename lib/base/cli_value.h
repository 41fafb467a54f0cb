/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLI_VALUE_H
#define BASE_CLI_VALUE_H

/* One option's value: from text into its field, and back into text for --help. */

#include <stdbool.h>

#include "base/attr.h"
#include "base/str.h"

struct buf;
struct cli_opt;
struct err;

/* where names the origin in errors: "--jobs" or an environment variable.  first says that a list
 * starts anew instead of growing.  text is kept. */
int cli_value_set(const struct cli_opt *opt, const char *text, const char *where, bool first,
                  void *opts, struct err *err) NODISCARD;

/* "from 1 to 64", "at least 1", "" without bounds. */
void cli_value_bounds(const struct cli_opt *opt, struct buf *out);

/* The field's value as the command line would say it; nothing for zero values and lists. */
void cli_value_format(const struct cli_opt *opt, const void *opts, struct buf *out);

/* Cuts the next word off the words of a CLI_CHOICE; false at the end. */
bool cli_value_next_word(struct str *words, struct str *word);

#endif
