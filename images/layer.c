/* SPDX-License-Identifier: Apache-2.0 */
#include "images/layer.h"

#include <stdio.h>
#include <string.h>

#include "aws/digest.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "images/compressor.h"
#include "images/gzip.h"
#include "images/interrupt.h"
#include "images/none.h"
#include "images/tar.h"
#include "images/tree.h"
#include "images/tree_scan.h"

/*
 * The pipeline: tree -> tar -> compressor -> (digest) file, with the diffID from the compressor's
 * input.  What the compressor calls is called on any of its threads.
 */
struct pipeline {
    char *room; /* for a file's content */
    struct tar *tar;
    uint64_t uncompressed_size;
    struct compressor *compressor;
    struct digest *diff_id;
    struct digest *digest; /* NULL when the blob is the tar, and has its digest */
    uint64_t size;
    const struct staged *file;
};

void
layer_done(struct layer *l)
{
    blob_done(&l->blob);
}

static int
take_compressed(void *ctx, const void *p, size_t n, struct err *err)
{
    struct pipeline *l = ctx;

    if (l->digest != NULL)
        digest_update(l->digest, p, n);
    l->size += n;
    return fs_write_fd(l->file->fd, l->file->name, p, n, err);
}

static int
take_plain(void *ctx, const void *p, size_t n, struct err *err)
{
    struct pipeline *l = ctx;

    (void)err;
    digest_update(l->diff_id, p, n);
    return 0;
}

static int
take_tar(void *ctx, const void *p, size_t n, struct err *err)
{
    struct pipeline *l = ctx;

    if (interrupt_check(err) < 0)
        return -1;
    l->uncompressed_size += n;
    return compressor_write(l->compressor, p, n, err);
}

static int
take_content(void *ctx, const void *p, size_t n, struct err *err)
{
    struct pipeline *l = ctx;

    return tar_write(l->tar, p, n, err);
}

static int
write_entry(struct pipeline *l, const struct tree_entry *e, struct err *err)
{
    static const enum tar_type types[] = {[TREE_FOLDER] = TAR_FOLDER,
                                          [TREE_FILE] = TAR_FILE,
                                          [TREE_SYMLINK] = TAR_SYMLINK,
                                          [TREE_HARDLINK] = TAR_HARDLINK};
    const struct tar_entry entry = {
        .path = e->path,
        .type = types[e->type],
        .mode = e->mode,
        .uid = e->uid,
        .gid = e->gid,
        .size = e->size,
        .target = e->target,
    };
    const struct sink content = {take_content, l};

    if (tar_add(l->tar, &entry, err) < 0)
        return -1;
    return e->type == TREE_FILE ? tree_scan_content(e, l->room, &content, err) : 0;
}

static int
write_tree(struct pipeline *l, const struct tree *t, struct err *err)
{
    for (size_t i = 0; i < t->n; i++)
        if (write_entry(l, &t->v[i], err) < 0)
            return -1;
    if (tar_finish(l->tar, err) < 0)
        return -1;
    return compressor_finish(l->compressor, err);
}

static void
name_digest(struct digest *d, char out[BLOB_DIGEST_MAX])
{
    char hex[DIGEST_SHA256_HEX];

    digest_finish_hex(d, hex);
    snprintf(out, BLOB_DIGEST_MAX, "sha256:%s", hex);
}

int
layer_write(const struct tree *t, const struct layer_opts *o, struct staged *file,
            struct layer *out, struct err *err)
{
    const struct compressor_kind *kind = o->compression != NULL ? o->compression : &gzip_kind;
    cleanup_digest struct digest *diff_id = digest_new();
    cleanup_digest struct digest *digest = kind == &none_kind ? NULL : digest_new();
    cleanup_free char *room = mem_alloc(TREE_SCAN_ROOM);
    struct pipeline l = {.room = room, .diff_id = diff_id, .digest = digest, .file = file};
    const struct compressor_opts opts = {.level = o->level,
                                         .threads = o->threads,
                                         .plain = {take_plain, &l},
                                         .out = {take_compressed, &l}};
    const struct sink tar_bytes = {take_tar, &l};
    /* Freed before the digests, as declared later: its threads use them. */
    cleanup_compressor struct compressor *compressor = compressor_new(kind, &opts);
    cleanup_tar struct tar *tar = tar_new(&tar_bytes, o->mtime, err);

    if (tar == NULL)
        return -1;
    l.compressor = compressor;
    l.tar = tar;
    if (write_tree(&l, t, err) < 0)
        return -1;
    *out = (struct layer)LAYER_INIT;
    out->blob.media_type = kind->media_type;
    out->blob.size = l.size;
    out->blob.file = staging_take(file);
    name_digest(diff_id, out->diff_id);
    if (digest != NULL)
        name_digest(digest, out->blob.digest);
    else
        memcpy(out->blob.digest, out->diff_id, sizeof(out->blob.digest));
    out->uncompressed_size = l.uncompressed_size;
    return 0;
}
