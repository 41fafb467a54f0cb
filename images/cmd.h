/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_CMD_H
#define IMAGES_CMD_H

/* The commands of imagegen, one file each. */

#include "base/cli.h"

extern const struct cli_cmd cmd_build;
extern const struct cli_cmd cmd_copy;
extern const struct cli_cmd cmd_init;
extern const struct cli_cmd cmd_inspect;

#endif
