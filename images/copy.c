/* SPDX-License-Identifier: Apache-2.0 */
#include "images/copy.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "images/blob.h"
#include "images/depot.h"
#include "images/document.h"
#include "images/interrupt.h"
#include "images/store.h"

struct copying {
    struct store *from;
    struct depot *to;
    struct copy_result *result;
    char (*done)[BLOB_DIGEST_MAX]; /* manifests and indexes: an index may name one often */
    size_t n_done;
};

static int
write_staged(void *ctx, const void *p, size_t n, struct err *err)
{
    const struct staged *s = ctx;

    if (interrupt_check(err) < 0)
        return -1;
    return fs_write_fd(s->fd, s->name, p, n, err);
}

/* Through a file: nothing is passed on before its digest is known to be right. */
static int
move_blob(struct copying *c, const struct descriptor *d, struct err *err)
{
    struct blob b = BLOB_INIT;
    const struct sink sink = {write_staged, &b.file};
    int done;

    b.media_type = d->media_type;
    b.size = d->size;
    memcpy(b.digest, d->digest, sizeof(b.digest));
    done = depot_stage(c->to, &b.file, err);
    if (done == 0)
        done = store_blob(c->from, d, &sink, err);
    if (done == 0)
        done = depot_put_blob(c->to, &b, err);
    blob_done(&b);
    return done;
}

static int
copy_blob(struct copying *c, const struct descriptor *d, struct err *err)
{
    int has = depot_has_blob(c->to, d, &c->from->ref, err);

    if (has < 0 || interrupt_check(err) < 0)
        return -1;
    if (has > 0) {
        c->result->blobs_there++;
        return 0;
    }
    if (move_blob(c, d, err) < 0)
        return -1;
    c->result->blobs++;
    c->result->bytes += d->size;
    return 0;
}

/* Layers that may not be passed on (image-spec layer.md) lie at the addresses that they name. */
static int
check_may_be_copied(const struct descriptor *d, struct err *err)
{
    if (strstr(d->media_type, "nondistributable") == NULL &&
        strstr(d->media_type, ".foreign.") == NULL)
        return 0;
    return err_set(err, ERR_UNSUPPORTED, "the layer %s may not be distributed (%s)", d->digest,
                   d->media_type);
}

static int
copy_manifest(struct copying *c, const struct document *doc, struct err *err)
{
    struct descriptor d;

    for (size_t i = 0; i < document_count(doc); i++)
        if (document_item(doc, i, &d, err) < 0 || check_may_be_copied(&d, err) < 0 ||
            copy_blob(c, &d, err) < 0)
            return -1;
    if (document_config(doc, &d, err) < 0 || copy_blob(c, &d, err) < 0)
        return -1;
    c->result->manifests++;
    return 0;
}

static int copy_document(struct copying *c, const struct document *doc, int depth, struct err *err);

static bool
is_done(const struct copying *c, const char *digest)
{
    for (size_t i = 0; i < c->n_done; i++)
        if (strcmp(c->done[i], digest) == 0)
            return true;
    return false;
}

static int
copy_child(struct copying *c, const struct descriptor *d, int depth, struct err *err)
{
    cleanup_document struct document child = DOCUMENT_INIT;

    if (!descriptor_is_index(d) && !descriptor_is_manifest(d))
        return copy_blob(c, d, err);
    if (is_done(c, d->digest))
        return 0;
    if (store_manifest(c->from, d, &child, err) < 0 || copy_document(c, &child, depth + 1, err) < 0)
        return -1;
    c->done = mem_realloc(c->done, c->n_done + 1, sizeof(*c->done));
    memcpy(c->done[c->n_done++], d->digest, BLOB_DIGEST_MAX);
    return 0;
}

/* Everything below it, and itself unless it is the root. */
static int
copy_document(struct copying *c, const struct document *doc, int depth, struct err *err)
{
    struct descriptor d;

    if (depth > STORE_DEPTH_MAX)
        return err_set(err, ERR_LIMIT, "indexes within indexes, more than %d deep",
                       STORE_DEPTH_MAX);
    if (descriptor_is_manifest(&doc->descriptor)) {
        if (copy_manifest(c, doc, err) < 0)
            return -1;
    } else {
        for (size_t i = 0; i < document_count(doc); i++)
            if (document_item(doc, i, &d, err) < 0 || copy_child(c, &d, depth, err) < 0)
                return -1;
    }
    return depth == 0 ? 0 : depot_put_document(c->to, doc, false, err);
}

int
copy_part(struct store *from, struct depot *to, const struct document *doc, struct copy_result *out,
          struct err *err)
{
    struct copying c = {.from = from, .to = to, .result = out};
    int done = copy_document(&c, doc, 1, err);

    free(c.done);
    return done;
}

int
copy_image(struct store *from, struct depot *to, const struct platform *p, struct copy_result *out,
           struct err *err)
{
    cleanup_document struct document root = DOCUMENT_INIT;
    struct copying c = {.from = from, .to = to, .result = out};
    int done;

    memset(out, 0, sizeof(*out));
    if ((p != NULL ? store_image(from, p, &root, err) : store_root(from, &root, err)) < 0)
        return -1;
    out->root = root.descriptor;
    if (to->ref.digest != NULL && strcmp(to->ref.digest, root.descriptor.digest) != 0)
        return err_set(err, ERR_INVALID, "the image is %s, not what the name asks for",
                       root.descriptor.digest);
    done = copy_document(&c, &root, 0, err);
    free(c.done);
    if (done < 0 || interrupt_check(err) < 0)
        return -1;
    return depot_put_document(to, &root, true, err);
}
