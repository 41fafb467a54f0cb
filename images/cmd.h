/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_CMD_H
#define IMAGES_CMD_H

/* The commands of imagegen, one file each. */

#include "base/cli.h"

extern const struct cli_cmd cmd_build;
extern const struct cli_cmd cmd_cat;
extern const struct cli_cmd cmd_copy;
extern const struct cli_cmd cmd_export;
extern const struct cli_cmd cmd_index;
extern const struct cli_cmd cmd_init;
extern const struct cli_cmd cmd_inspect;
extern const struct cli_cmd cmd_ls;
extern const struct cli_cmd cmd_sign;
extern const struct cli_cmd cmd_unpack;
extern const struct cli_cmd cmd_validate;
extern const struct cli_cmd cmd_verify;

#endif
