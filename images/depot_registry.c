/* SPDX-License-Identifier: Apache-2.0 */
#include "images/depot.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "images/document.h"
#include "images/registry.h"
#include "images/staging.h"

struct remote {
    struct depot base;
    struct registry *registry;
};

static int
has_blob(struct depot *d, const struct descriptor *blob, const struct ref *source, struct err *err)
{
    struct registry *r = ((struct remote *)d)->registry;
    int has = registry_has_blob(r, blob, err);
    cleanup_free char *from = NULL;

    if (has != 0 || source->transport != REF_REGISTRY || !registry_is_at(r, source))
        return has;
    from = registry_repository_of(source);
    return strcmp(from, registry_repository(r)) == 0 ? 0 : registry_mount_blob(r, blob, from, err);
}

static int
stage(struct depot *d UNUSED, struct staged *out, struct err *err)
{
    const char *folder = getenv("TMPDIR");

    if (staging_create_nameless(folder != NULL && folder[0] != '\0' ? folder : "/tmp", out, err) <
        0)
        return err_wrap(err, "a temporary file (TMPDIR names its folder)");
    return 0;
}

static int
put_blob(struct depot *d, struct blob *b, struct err *err)
{
    return registry_put_blob(((struct remote *)d)->registry, b, err);
}

/* What the tag stands for. */
static int
check_tag(struct registry *r, const char *tag, const char *expected, struct err *err)
{
    cleanup_document struct document there = DOCUMENT_INIT;
    struct err why = ERR_INIT;

    if (registry_get_manifest(r, tag, &there, &why) < 0 && why.code != ERR_NOT_FOUND) {
        *err = why;
        return -1;
    }
    if (strcmp(there.descriptor.digest, expected) == 0)
        return 0;
    return err_set(err, ERR_EXISTS, "the tag '%s' was given to another image meanwhile", tag);
}

static int
put_document(struct depot *d, const struct document *doc, bool root, struct err *err)
{
    struct registry *r = ((struct remote *)d)->registry;
    const char *tag = d->ref.tag != NULL ? d->ref.tag : "latest";

    if (root && d->ref.digest != NULL && strcmp(d->ref.digest, doc->descriptor.digest) != 0)
        return err_set(err, ERR_INVALID, "the image is %s, not what the name asks for",
                       doc->descriptor.digest);
    if (!root || (d->ref.digest != NULL && d->ref.tag == NULL))
        tag = NULL;
    if (!root || d->expected == NULL || tag == NULL)
        return registry_put_manifest(r, doc, tag, err);
    if (check_tag(r, tag, d->expected, err) < 0 || registry_put_manifest(r, doc, tag, err) < 0)
        return -1;
    return check_tag(r, tag, doc->descriptor.digest, err);
}

static void
release(struct depot *d)
{
    registry_free(((struct remote *)d)->registry);
    free(d);
}

static const struct depot_kind kind = {has_blob, stage, put_blob, put_document, release};

struct depot *
depot_registry_new(const struct ref *ref, const struct registry_opts *opts, struct err *err)
{
    struct registry *registry = registry_new(ref, opts, err);
    struct remote *r;

    if (registry == NULL)
        return NULL;
    r = mem_alloc(sizeof(*r));
    r->base.kind = &kind;
    r->registry = registry;
    return &r->base;
}
