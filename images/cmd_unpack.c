/* SPDX-License-Identifier: Apache-2.0 */
#include "images/cmd.h"

#include <stddef.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "images/image_read.h"
#include "images/interrupt.h"
#include "images/limits.h"
#include "images/unpack.h"

struct unpack_opts {
    const char *platform;
    bool no_same_owner, special, xattrs, quiet;
    struct limits limits;
};

static int
unpack(const void *opts, int n_operands UNUSED, char **operands, struct err *err)
{
    const struct unpack_opts *o = opts;
    cleanup_image_read struct image_read image = IMAGE_READ_INIT;
    struct limits limits = o->limits;
    bool root = geteuid() == 0;
    const struct disk_opts disk = {
        .owner = root && !o->no_same_owner, .special = o->special, .xattrs = o->xattrs};

    if (o->xattrs && !root)
        return err_set(err, ERR_USAGE, "--xattrs needs root");
    if (!root && !o->no_same_owner && !o->quiet)
        log_info("not root: everything will be yours, whatever the image says");
    if (image_read_open(operands[0], o->platform, &image, err) < 0 ||
        unpack_image(&image, operands[1], &disk, &limits, err) < 0)
        return err_wrap(err, "%s", operands[0]);
    return 0;
}

static int
run(const void *opts, int n_operands, char **operands, struct err *err)
{
    return interrupt_run(unpack, opts, n_operands, operands, err);
}

#define AT(field) offsetof(struct unpack_opts, field)

static const struct cli_opt options[] = {
    {"allow-special", 0, CLI_FLAG, AT(special), NULL,
     "Make device nodes and named pipes instead of refusing the image, and keep setuid and setgid "
     "bits instead of dropping them.",
     0, 0, NULL},
    {"no-same-owner", 0, CLI_FLAG, AT(no_same_owner), NULL,
     "Let everything belong to the user that runs this, even to root.", 0, 0, NULL},
    {"platform", 0, CLI_STR, AT(platform), "OS/ARCH",
     "Of an image for several platforms, unpack this one's instead of this machine's.", 0, 0, NULL},
    {"quiet", 'q', CLI_FLAG, AT(quiet), NULL, "Do not say that owners are not kept.", 0, 0, NULL},
    {"xattrs", 0, CLI_FLAG, AT(xattrs), NULL,
     "As root, set user.* attributes and capabilities of files. Without it none are set.", 0, 0,
     NULL},
    LIMITS_OPTIONS(unpack_opts),
    {NULL, 0, CLI_FLAG, 0, NULL, NULL, 0, 0, NULL},
};

const struct cli_cmd cmd_unpack = {
    .name = "unpack",
    .summary = "write an image's root file system into a new or empty folder",
    .operands = "IMAGE DIR",
    .min_operands = 2,
    .max_operands = 2,
    .opts = options,
    .opts_size = sizeof(struct unpack_opts),
    .run = run,
};
