/* SPDX-License-Identifier: Apache-2.0 */
#include "images/depot.h"

#include "base/err.h"

static struct depot *(*const openers[])(const struct ref *ref, const struct registry_opts *opts,
                                        struct err *err) = {
    [REF_REGISTRY] = depot_registry_new, [REF_OCI] = depot_layout_new, [REF_OCI_ARCHIVE] = NULL,
    [REF_DOCKER_ARCHIVE] = NULL,         [REF_DOCKER_DAEMON] = NULL,
};

struct depot *
depot_new(const char *text, const struct registry_opts *opts, struct err *err)
{
    cleanup_ref struct ref ref = REF_INIT;
    struct depot *d;

    if (ref_parse(text, &ref, err) < 0)
        return NULL;
    if (openers[ref.transport] == NULL) {
        err_set(err, ERR_UNSUPPORTED,
                "'%s': images are not copied to %s yet; write oci:DIR[:TAG] or docker://NAME", text,
                ref_transport_name(ref.transport));
        return NULL;
    }
    d = openers[ref.transport](&ref, opts, err);
    if (d == NULL)
        return NULL;
    d->ref = ref;
    ref = (struct ref)REF_INIT;
    return d;
}

void
depot_close(struct depot *d)
{
    struct ref ref;

    if (d == NULL)
        return;
    ref = d->ref;
    d->kind->free(d);
    ref_done(&ref);
}

void
depot_closep(struct depot **d)
{
    depot_close(*d);
}

int
depot_has_blob(struct depot *d, const struct descriptor *blob, const struct ref *source,
               struct err *err)
{
    return d->kind->has_blob(d, blob, source, err);
}

int
depot_stage(struct depot *d, struct staged *out, struct err *err)
{
    return d->kind->stage(d, out, err);
}

int
depot_put_blob(struct depot *d, struct blob *b, struct err *err)
{
    return d->kind->put_blob(d, b, err);
}

int
depot_put_document(struct depot *d, const struct document *doc, bool root, struct err *err)
{
    return d->kind->put_document(d, doc, root, err);
}

void
depot_expect(struct depot *d, const char *digest)
{
    d->expected = digest;
}
