/* SPDX-License-Identifier: Apache-2.0 */
#include "images/depot.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "images/blob.h"
#include "images/document.h"
#include "images/index.h"
#include "images/layout.h"
#include "json/json.h"

/* Everything lies in staged files until the root comes; then all get their names under one lock. */
struct local {
    struct depot base;
    struct layout layout; /* opened by the first that needs it */
    struct blob **blobs;
    size_t n;
};

static int
open_layout(struct local *l, struct err *err)
{
    return l->layout.dir != NULL ? 0 : layout_create(l->base.ref.path, &l->layout, err);
}

static bool
is_waiting(const struct local *l, const char *digest)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->blobs[i]->digest, digest) == 0)
            return true;
    return false;
}

static int
has_blob(struct depot *d, const struct descriptor *blob, const struct ref *source UNUSED,
         struct err *err UNUSED)
{
    return is_waiting((struct local *)d, blob->digest) ||
           layout_has_blob(d->ref.path, blob->digest, blob->size);
}

static int
stage(struct depot *d, struct staged *out, struct err *err)
{
    if (open_layout((struct local *)d, err) < 0)
        return -1;
    return staging_create(d->ref.path, out, err);
}

static void
keep(struct local *l, struct blob *b)
{
    struct blob *kept = mem_alloc(sizeof(*kept));

    *kept = *b;
    *b = (struct blob)BLOB_INIT;
    l->blobs = mem_realloc(l->blobs, l->n + 1, sizeof(struct blob *));
    l->blobs[l->n++] = kept;
}

static int
put_blob(struct depot *d, struct blob *b, struct err *err)
{
    if (open_layout((struct local *)d, err) < 0)
        return -1;
    keep((struct local *)d, b);
    return 0;
}

static struct json_t *
entry_of(const struct document *doc, const char *tag)
{
    struct json_t *entry = json_new_object();
    struct json_t *annotations = json_new_object();

    json_put_str(entry, "mediaType", doc->descriptor.media_type);
    json_put_str(entry, "digest", doc->descriptor.digest);
    json_put_int(entry, "size", (int64_t)doc->descriptor.size);
    json_put_str(annotations, INDEX_TAG_KEY, tag);
    json_put(entry, "annotations", annotations);
    return entry;
}

static int
put_document(struct depot *d, const struct document *doc, bool root, struct err *err)
{
    struct local *l = (struct local *)d;
    const char *tag = d->ref.tag != NULL ? d->ref.tag : "latest";
    struct blob b = BLOB_INIT;

    if (open_layout(l, err) < 0)
        return -1;
    if (!is_waiting(l, doc->descriptor.digest)) {
        memcpy(b.digest, doc->descriptor.digest, sizeof(b.digest));
        b.size = doc->descriptor.size;
        b.data = mem_strndup(doc->text, doc->descriptor.size);
        keep(l, &b);
    }
    if (!root)
        return 0;
    return layout_publish_blobs(&l->layout, l->blobs, l->n, entry_of(doc, tag), tag, d->expected,
                                err);
}

static void
release(struct depot *d)
{
    struct local *l = (struct local *)d;

    for (size_t i = 0; i < l->n; i++) {
        blob_done(l->blobs[i]);
        free(l->blobs[i]);
    }
    free(l->blobs);
    layout_close(&l->layout);
    free(l);
}

static const struct depot_kind kind = {has_blob, stage, put_blob, put_document, release};

struct depot *
depot_layout_new(const struct ref *ref UNUSED, const struct registry_opts *opts UNUSED,
                 struct err *err UNUSED)
{
    struct local *l = mem_alloc(sizeof(*l));

    l->base.kind = &kind;
    l->layout = (struct layout)LAYOUT_INIT;
    return &l->base;
}
