/* SPDX-License-Identifier: Apache-2.0 */
#include "images/cmd.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "images/export.h"
#include "images/image_read.h"
#include "images/interrupt.h"
#include "images/limits.h"
#include "images/sink.h"

struct export_opts {
    const char *output, *platform;
    bool special;
    struct limits limits;
};

static int
write_stage(void *ctx, const void *p, size_t n, struct err *err)
{
    const struct fs_stage *s = ctx;

    if (s->fd < 0)
        return fs_write_fd(STDOUT_FILENO, "standard output", p, n, err);
    return fs_write_fd(s->fd, s->path, p, n, err);
}

static int
export_to(const void *opts, int n_operands UNUSED, char **operands, struct err *err)
{
    const struct export_opts *o = opts;
    const char *name = operands[0];
    cleanup_image_read struct image_read image = IMAGE_READ_INIT;
    cleanup_fs_stage struct fs_stage stage = FS_STAGE_INIT;
    const struct sink sink = {write_stage, &stage};
    const char *tmp = getenv("TMPDIR");
    struct limits limits = o->limits;
    bool file = o->output != NULL && strcmp(o->output, "-") != 0;

    if (image_read_open(name, o->platform, &image, err) < 0)
        return err_wrap(err, "%s", name);
    if (file && fs_stage_open(&stage, o->output, 0644, err) < 0)
        return -1;
    if (export_image(&image, tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp", o->special, &limits,
                     &sink, err) < 0)
        return err_wrap(err, "%s", name);
    return file ? fs_stage_commit(&stage, err) : 0;
}

static int
run(const void *opts, int n_operands, char **operands, struct err *err)
{
    return interrupt_run(export_to, opts, n_operands, operands, err);
}

#define AT(field) offsetof(struct export_opts, field)

static const struct cli_opt options[] = {
    {"allow-special", 0, CLI_FLAG, AT(special), NULL,
     "Take device nodes, named pipes and setuid or setgid files instead of refusing the image.", 0,
     0, NULL},
    {"output", 'o', CLI_STR, AT(output), "FILE", "Write there instead of to standard output.", 0, 0,
     NULL},
    {"platform", 0, CLI_STR, AT(platform), "OS/ARCH",
     "Of an image for several platforms, export this one's instead of this machine's.", 0, 0, NULL},
    LIMITS_OPTIONS(export_opts),
    {NULL, 0, CLI_FLAG, 0, NULL, NULL, 0, 0, NULL},
};

const struct cli_cmd cmd_export = {
    .name = "export",
    .summary = "write an image's root file system as one tar",
    .operands = "IMAGE",
    .min_operands = 1,
    .max_operands = 1,
    .opts = options,
    .opts_size = sizeof(struct export_opts),
    .run = run,
};
