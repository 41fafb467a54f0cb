/* SPDX-License-Identifier: Apache-2.0 */
#include "images/store_kinds.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "images/registry.h"
#include "images/store.h"

struct remote {
    struct store base;
    struct registry *registry; /* NULL until connected */
};

static int
root(struct store *s, struct document *out, struct err *err)
{
    struct remote *r = (struct remote *)s;
    const char *reference = s->ref.digest != NULL ? s->ref.digest : s->ref.tag;

    return registry_get_manifest(r->registry, reference != NULL ? reference : "latest", out, err);
}

static int
manifest(struct store *s, const struct descriptor *d, const struct sink *out, struct err *err)
{
    struct remote *r = (struct remote *)s;
    cleanup_document struct document doc = DOCUMENT_INIT;

    if (registry_get_manifest(r->registry, d->digest, &doc, err) < 0)
        return -1;
    return sink_write(out, doc.text, doc.descriptor.size, err);
}

static int
blob(struct store *s, const struct descriptor *d, const struct sink *out, struct err *err)
{
    return registry_get_blob(((struct remote *)s)->registry, d, out, err);
}

static void
release(struct store *s)
{
    registry_free(((struct remote *)s)->registry);
    free(s);
}

static const struct store_kind kind = {root, manifest, blob, release};

struct store *
store_registry_new(const struct ref *ref UNUSED, struct err *err UNUSED)
{
    struct remote *r = mem_alloc(sizeof(*r));

    r->base.kind = &kind;
    return &r->base;
}

int
store_registry_connect(struct store *s, const struct registry_opts *opts, struct err *err)
{
    struct remote *r = (struct remote *)s;

    r->registry = registry_new(&s->ref, opts, err);
    return r->registry != NULL ? 0 : -1;
}
