/* SPDX-License-Identifier: Apache-2.0 */
#include "images/store_kinds.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "images/index.h"
#include "images/layout.h"
#include "images/manifest.h"
#include "images/store.h"
#include "json/json.h"

static int
blob(struct store *s, const struct descriptor *d, const struct sink *out, struct err *err)
{
    return layout_stream_blob(s->ref.path, d->digest, out, err);
}

/* The entry of the tag: its document, or what else index.json calls so. */
static int
root(struct store *s, struct document *out, struct err *err)
{
    cleanup_json struct json_t *index = layout_read_index(s->ref.path, false, err);
    struct descriptor d;

    if (index == NULL || index_find(index, s->ref.tag, &d, err) < 0)
        return -1;
    return store_manifest(s, &d, out, err);
}

static void
release(struct store *s)
{
    free(s);
}

static const struct store_kind kind = {root, NULL, blob, release};

struct store *
store_layout_new(const struct ref *ref UNUSED, struct err *err UNUSED)
{
    struct store *s = mem_alloc(sizeof(*s));

    s->kind = &kind;
    return s;
}
