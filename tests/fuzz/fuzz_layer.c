/* SPDX-License-Identifier: Apache-2.0 */

/* The input is a layer's tar, read in two ways of cutting it, into a merged view that has it twice,
 * as two layers.  Both ways must come to the same end; whatever is in the view must have a path
 * that is clean, is found again, and never leads out. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "images/layer_read.h"
#include "images/limits.h"
#include "images/rootfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
    if (!holds)
        abort();
}

static int
take_entry(void *ctx, const struct layer_entry *e, struct err *err)
{
    return rootfs_apply(ctx, e, NULL, err);
}

static int
read_layer(struct rootfs *r, const uint8_t *data, size_t size, size_t piece, struct err *err)
{
    const struct layer_visitor v = {take_entry, NULL, r};
    struct limits limits = {.path = 300, .entries = 1000};
    struct layer_rules rules = {&v, &limits};
    const struct tar_read_visitor visitor = {layer_read_entry, NULL, &rules};
    cleanup_tar_read struct tar_read *t = tar_read_new(&visitor, 4096);

    limits_fill(&limits);
    rootfs_begin_layer(r);
    for (size_t at = 0; at < size; at += piece)
        if (tar_read_write(t, data + at, size - at < piece ? size - at : piece, err) < 0)
            return -1;
    return tar_read_finish(t, err);
}

static void
check_view(struct rootfs *r)
{
    struct rootfs_node *root, *n;

    rootfs_sort(r);
    root = rootfs_root(r);
    for (n = root; n != NULL; n = rootfs_next(root, n)) {
        cleanup_free char *path = rootfs_path(n);

        must(rootfs_find(r, path) == n);
        must(strstr(path, "//") == NULL && path[0] != '/' && strncmp(n->name, ".wh.", 4) != 0);
        must(strcmp(n->name, ".") != 0 && strcmp(n->name, "..") != 0);
        must(n->next == NULL || strcmp(n->name, n->next->name) < 0);
        must(n->down == NULL || n->inode->type == TAR_READ_FOLDER);
        must(n->inode->type != TAR_READ_HARDLINK && n->inode->links > 0);
        (void)rootfs_resolve(r, path, true);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_rootfs struct rootfs *whole = rootfs_new(NULL);
    cleanup_rootfs struct rootfs *pieces = rootfs_new(NULL);
    struct err a = ERR_INIT, b = ERR_INIT;

    must(read_layer(whole, data, size, size + 1, &a) == read_layer(pieces, data, size, 97, &b));
    must(strcmp(a.msg, b.msg) == 0);
    if (a.code == ERR_NONE && read_layer(whole, data, size, 512, &a) < 0)
        must(a.msg[0] != '\0');
    check_view(whole);
    return 0;
}
