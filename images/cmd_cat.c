/* SPDX-License-Identifier: Apache-2.0 */
#include "images/cmd.h"

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "images/descriptor.h"
#include "images/image_read.h"
#include "images/layer_read.h"
#include "images/limits.h"
#include "images/listing.h"
#include "images/rootfs.h"
#include "images/staging.h"

struct cat_opts {
    const char *platform;
    struct limits limits;
};

/* The layer that has the file is read once more.  Nothing is written before all of it is known to
 * be right, so the content waits in a file without a name. */
struct copy {
    uint64_t wanted, seen; /* entries */
    int fd;
};

static int
take_entry(void *ctx, const struct layer_entry *e, struct err *err)
{
    struct copy *c = ctx;

    (void)e;
    (void)err;
    c->seen++;
    return 0;
}

static int
take_data(void *ctx, const void *p, size_t n, struct err *err)
{
    const struct copy *c = ctx;

    return c->seen == c->wanted ? fs_write_fd(c->fd, "a temporary file", p, n, err) : 0;
}

static int
send(int fd, struct err *err)
{
    enum { PIECE = 64 * 1024 };
    cleanup_free char *piece = mem_alloc(PIECE);
    ssize_t n;

    if (lseek(fd, 0, SEEK_SET) < 0)
        return err_sys(err, "read a temporary file");
    while ((n = read(fd, piece, PIECE)) > 0)
        if (fs_write_fd(STDOUT_FILENO, "standard output", piece, (size_t)n, err) < 0)
            return -1;
    return n == 0 ? 0 : err_sys(err, "read a temporary file");
}

static int
copy_file(const struct image_read *image, const struct rootfs_inode *file, struct limits *limits,
          struct err *err)
{
    const char *tmp = getenv("TMPDIR");
    cleanup_staged struct staged staged = STAGED_INIT;
    struct copy c = {file->number, 0, -1};
    const struct layer_visitor v = {take_entry, take_data, &c};
    size_t layer = file->layer - 1;
    struct descriptor d;

    if (staging_create_nameless(tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp", &staged, err) < 0)
        return -1;
    c.fd = staged.fd;
    limits->bytes_used = limits->entries_used = 0;
    if (document_item(&image->manifest, layer, &d, err) < 0 ||
        layer_read(image->store, &d, image_read_diff_id(image->config, layer), limits, &v, NULL,
                   err) < 0)
        return -1;
    return send(staged.fd, err);
}

static int
cat(const struct image_read *image, const char *path, struct limits *limits, struct err *err)
{
    cleanup_rootfs struct rootfs *r = rootfs_new(NULL);
    const struct rootfs_node *n;

    if (image_read_all(image, r, limits, NULL, err) < 0)
        return -1;
    n = rootfs_resolve(r, path, true);
    if (n == NULL)
        return err_set(err, ERR_NOT_FOUND, "the image has no '%s'", path);
    if (n->inode->type != TAR_READ_FILE)
        return err_set(err, ERR_INVALID, "'%s' is a %s", path, listing_type(n->inode->type));
    return copy_file(image, n->inode, limits, err);
}

static int
run(const void *opts, int n_operands, char **operands, struct err *err)
{
    const struct cat_opts *o = opts;
    cleanup_image_read struct image_read image = IMAGE_READ_INIT;
    struct limits limits = o->limits;

    (void)n_operands;
    if (image_read_open(operands[0], o->platform, &image, err) < 0 ||
        cat(&image, operands[1], &limits, err) < 0)
        return err_wrap(err, "%s", operands[0]);
    return 0;
}

static const struct cli_opt options[] = {
    {"platform", 0, CLI_STR, offsetof(struct cat_opts, platform), "OS/ARCH",
     "Of an image for several platforms, look into this one's instead of this machine's.", 0, 0,
     NULL},
    LIMITS_OPTIONS(cat_opts),
    {NULL, 0, CLI_FLAG, 0, NULL, NULL, 0, 0, NULL},
};

const struct cli_cmd cmd_cat = {
    .name = "cat",
    .summary = "write a file of an image to standard output",
    .operands = "IMAGE PATH",
    .min_operands = 2,
    .max_operands = 2,
    .opts = options,
    .opts_size = sizeof(struct cat_opts),
    .run = run,
};
