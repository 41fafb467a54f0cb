/* SPDX-License-Identifier: Apache-2.0 */
#include "images/store_kinds.h"

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "images/index.h"
#include "images/layout.h"
#include "images/ref.h"
#include "images/store_archive.h"
#include "json/json.h"

static int
root(struct store *s, struct document *out, struct err *err)
{
    const struct archive *a = (const struct archive *)s;
    cleanup_buf struct buf text = BUF_INIT(LAYOUT_INDEX_MAX);
    cleanup_json struct json_t *index = NULL;
    struct descriptor d;

    if (tar_index_find(&a->tar, "oci-layout") == NULL)
        return err_set(err, ERR_INVALID, "'%s' is no OCI layout: it has no oci-layout",
                       a->tar.name);
    if (tar_index_text(&a->tar, "index.json", &text, err) < 0)
        return -1;
    index = index_parse(buf_view(&text), "index.json", err);
    if (index == NULL || index_find(index, s->ref.tag, &d, err) < 0)
        return -1;
    return store_manifest(s, &d, out, err);
}

static void
release(struct store *s)
{
    store_archive_free((struct archive *)s);
}

/* A layout in a tar file, as skopeo, buildah and we write them. */
static const struct store_kind kind = {root, NULL, store_archive_blob, release};

struct store *
store_oci_archive_new(const struct ref *ref, struct err *err)
{
    struct archive *a = store_archive_open(ref, sizeof(*a), err);

    if (a == NULL)
        return NULL;
    a->store.kind = &kind;
    return &a->store;
}
