/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TASKGEN_CMDS_H
#define TASKGEN_CMDS_H

/* taskgen's commands, one cmd_<name>.c each; main.c lists them. */

struct cli_cmd;

extern const struct cli_cmd cmd_render;
extern const struct cli_cmd cmd_sizes;
extern const struct cli_cmd cmd_workers;
extern const struct cli_cmd cmd_exec;
extern const struct cli_cmd cmd_register;

#endif
