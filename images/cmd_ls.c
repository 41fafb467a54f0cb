/* SPDX-License-Identifier: Apache-2.0 */
#include "images/cmd.h"

#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "images/image_read.h"
#include "images/limits.h"
#include "images/listing.h"
#include "images/rootfs.h"
#include "json/json.h"

struct ls_opts {
    const char *platform;
    bool json, recursive;
    struct limits limits;
};

static int
put(const struct rootfs_node *n, const struct ls_opts *o, bool first, struct buf *out,
    struct err *err)
{
    if (!o->json) {
        listing_text(n, out);
    } else {
        cleanup_json struct json_t *v = listing_json(n);

        buf_append_str(out, first ? "[" : ",\n ");
        json_write(v, JSON_COMPACT, out);
    }
    return listing_flush(out, false, err);
}

/* What is in a folder; anything else itself. */
static int
list(struct rootfs_node *top, const struct ls_opts *o, struct err *err)
{
    cleanup_buf struct buf out = BUF_INIT(LISTING_MAX);
    bool folder = top->inode->type == TAR_READ_FOLDER;
    struct rootfs_node *n = folder ? top->down : top;
    bool first = true;

    while (n != NULL) {
        if (put(n, o, first, &out, err) < 0)
            return -1;
        first = false;
        n = !folder ? NULL : o->recursive ? rootfs_next(top, n) : n->next;
    }
    if (o->json)
        buf_append_str(&out, first ? "[]\n" : "]\n");
    return listing_flush(&out, true, err);
}

static int
run(const void *opts, int n_operands, char **operands, struct err *err)
{
    const struct ls_opts *o = opts;
    const char *path = n_operands > 1 ? operands[1] : "/";
    cleanup_image_read struct image_read image = IMAGE_READ_INIT;
    cleanup_rootfs struct rootfs *r = rootfs_new(NULL);
    struct limits limits = o->limits;
    struct rootfs_node *n;

    if (image_read_open(operands[0], o->platform, &image, err) < 0 ||
        image_read_all(&image, r, &limits, NULL, err) < 0)
        return err_wrap(err, "%s", operands[0]);
    n = rootfs_resolve(r, path, path[strlen(path) - (path[0] != '\0')] == '/');
    if (n == NULL)
        return err_set(err, ERR_NOT_FOUND, "%s: the image has no '%s'", operands[0], path);
    return list(n, o, err);
}

#define AT(field) offsetof(struct ls_opts, field)

static const struct cli_opt options[] = {
    {"json", 0, CLI_FLAG, AT(json), NULL, "Write a JSON array, one object for each entry.", 0, 0,
     NULL},
    {"platform", 0, CLI_STR, AT(platform), "OS/ARCH",
     "Of an image for several platforms, look into this one's instead of this machine's.", 0, 0,
     NULL},
    {"recursive", 'R', CLI_FLAG, AT(recursive), NULL, "List folders within folders too.", 0, 0,
     NULL},
    LIMITS_OPTIONS(ls_opts),
    {NULL, 0, CLI_FLAG, 0, NULL, NULL, 0, 0, NULL},
};

const struct cli_cmd cmd_ls = {
    .name = "ls",
    .summary = "list files of an image",
    .operands = "IMAGE [PATH]",
    .min_operands = 1,
    .max_operands = 2,
    .opts = options,
    .opts_size = sizeof(struct ls_opts),
    .run = run,
};
