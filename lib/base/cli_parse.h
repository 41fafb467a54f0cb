/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLI_PARSE_H
#define BASE_CLI_PARSE_H

/*
 * From argv and the environment to an options struct.  cli_main() uses this form, which also
 * understands --help, -h and --version; programs call cli_parse() of base/cli.h.
 */

#include <stdbool.h>

#include "base/attr.h"
#include "base/cli_words.h"

struct cli_cmd;
struct err;

enum cli_parse_ask { CLI_PARSE_RUN, CLI_PARSE_HELP, CLI_PARSE_VERSION };

struct cli_parse_result {
    enum cli_parse_ask ask; /* what the user asked for; operands are only set for CLI_PARSE_RUN */
    int n_operands;
    char **operands;
    struct cli_words args; /* of the habits' variable; option values borrow from it */
};

/* Like cli_parse(), with the command's habits; with_help adds the options that every command has.
 * out is written in any case, and its args are for cli_words_done(). */
int cli_parse_line(const struct cli_cmd *cmd, int argc, char **argv, bool with_help, void *opts,
                   struct cli_parse_result *out, struct err *err) NODISCARD;

#endif
