/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/resource.h>

#include "base/cli.h"
#include "base/log.h"
#include "base/version.h"
#include "images/cmd.h"
#include "images/gzip.h"
#include "images/tar.h"
#include "images/zstd.h"
#include "net/http.h"

static const struct cli_cmd *const commands[] = {
    &cmd_build, &cmd_cat,  &cmd_copy,   &cmd_export,   &cmd_index,  &cmd_init, &cmd_inspect,
    &cmd_ls,    &cmd_sign, &cmd_unpack, &cmd_validate, &cmd_verify, NULL};

/* A layout holds one descriptor for each new blob until its index names them. */
static void
raise_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

int
main(int argc, char **argv)
{
    char version[512];
    const struct cli_program program = {
        .name = "imagegen",
        .summary = "container images without a daemon",
        .version = version,
        .commands = commands,
        .details = "Exit status: 0 done, 1 failed, 2 wrong options or values of options, 124 timed "
                   "out.",
    };

    snprintf(version, sizeof(version), BERTH_VERSION_TEXT("imagegen") "%s\n%s\n%s\n%s\n",
             tar_library_version(), gzip_library_version(), zstd_library_version(),
             http_library_version());
    raise_files();
    log_init("imagegen", LOG_LEVEL_INFO, false);
    return cli_main(&program, argc, argv);
}
