/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLI_HELP_H
#define BASE_CLI_HELP_H

/* --help, from the tables of base/cli.h: at most 80 columns wide. */

#include "base/cli.h"

struct buf;

/* The options that every command has, ended by {NULL}, less those that cmd has a use of its own
 * for.  They are for showing only. */
enum { CLI_HELP_BUILTIN_MAX = 3 };
void cli_help_builtin(const struct cli_cmd *cmd, struct cli_opt out[CLI_HELP_BUILTIN_MAX]);

/* "-j, --jobs N" */
void cli_help_option_name(const struct cli_opt *opt, struct buf *out);

/* The sentence with bounds, default and variable: "Layers at once. [from 1 to 64] [env: JOBS]". */
void cli_help_option_text(const struct cli_cmd *cmd, const struct cli_opt *opt, struct buf *out);

/* A summary of the tables, "fetch an image", as a sentence. */
void cli_help_sentence(const char *summary, struct buf *out);

/* The command whose name is NULL, of a program without subcommands; NULL where there are some. */
const struct cli_cmd *cli_help_only_command(const struct cli_program *program);

void cli_help_program(const struct cli_program *program, struct buf *out);
void cli_help_command(const struct cli_program *program, const struct cli_cmd *cmd,
                      struct buf *out);

#endif
