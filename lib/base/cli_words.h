/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLI_WORDS_H
#define BASE_CLI_WORDS_H

/*
 * A command line from text, as in a variable with flags: words parted by blanks, with quotes as
 * Python's shlex.split() reads them.  '...' is taken as it is; in "..." a backslash only escapes
 * '"' and itself; outside of quotes it escapes any character.  Nothing is expanded, and '#' begins
 * no comment.
 */

#include "base/attr.h"

struct err;

struct cli_words {
    int argc;
    char **argv; /* as main() gets it: argv[0] is name, borrowed; argv[argc] is NULL */
    char *text_;
};

/* ERR_USAGE for an open quote or a backslash at the end. */
int cli_words_parse(const char *text, const char *name, struct cli_words *out,
                    struct err *err) NODISCARD;
void cli_words_done(struct cli_words *w);

#endif
