/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/cli.h"
#include "base/version.h"
#include "net/http.h"
#include "taskgen/cmds.h"

static const struct cli_cmd *const commands[] = {
    &cmd_render, &cmd_sizes, &cmd_workers, &cmd_exec, &cmd_register, NULL,
};

int
main(int argc, char **argv)
{
    char version[256];
    const struct cli_program program = {
        .name = "taskgen",
        .summary = "Fargate task definitions that fit the CPU they get",
        .version = version,
        .commands = commands,
        .fallback = &cmd_render,
        .details =
            "Exit status: 0 done, 1 failed, 2 wrong options or values of options, 124 timed "
            "out. exec ends with the command's own status, 126 when it cannot be run and 127 "
            "when it is not there.",
    };

    snprintf(version, sizeof(version), BERTH_VERSION_TEXT("taskgen") "%s\n",
             http_library_version());
    return cli_main(&program, argc, argv);
}
