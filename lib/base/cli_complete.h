/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLI_COMPLETE_H
#define BASE_CLI_COMPLETE_H

/* Completion scripts for shells, from the tables of base/cli.h. */

#include <stdbool.h>

struct buf;
struct cli_program;

/* shell is "bash", "zsh" or "fish"; false for any other. */
bool cli_complete_write(const struct cli_program *program, const char *shell, struct buf *out);

/* One shell each; cli_complete_write() chooses. */
void cli_complete_bash(const struct cli_program *program, struct buf *out);
void cli_complete_zsh(const struct cli_program *program, struct buf *out);
void cli_complete_fish(const struct cli_program *program, struct buf *out);

/* The program's name as part of a shell function's name. */
void cli_complete_append_function(const struct cli_program *program, struct buf *out);

#endif
