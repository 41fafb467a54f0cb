/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLI_SCDOC_H
#define BASE_CLI_SCDOC_H

/* The part of a man page that the tables know, in scdoc's syntax: OPTIONS, or COMMANDS with the
 * options of each. */

struct buf;
struct cli_program;

void cli_scdoc_write(const struct cli_program *program, struct buf *out);

#endif
