/* SPDX-License-Identifier: Apache-2.0 */
#include "images/store.h"

#include <stdlib.h>
#include <string.h>

#include "aws/digest.h"
#include "base/buf.h"
#include "base/err.h"
#include "images/manifest.h"
#include "images/platform.h"
#include "images/registry.h"
#include "images/store_kinds.h"
#include "json/json.h"

static struct store *(*const openers[])(const struct ref *ref, struct err *err) = {
    [REF_REGISTRY] = store_registry_new,
    [REF_OCI] = store_layout_new,
    [REF_OCI_ARCHIVE] = store_oci_archive_new,
    [REF_DOCKER_ARCHIVE] = store_docker_archive_new,
    [REF_DOCKER_DAEMON] = NULL,
};

struct store *
store_open(const char *text, struct err *err)
{
    static const struct registry_opts none = {NULL, false};

    return store_open_with(text, &none, err);
}

struct store *
store_open_with(const char *text, const struct registry_opts *opts, struct err *err)
{
    cleanup_ref struct ref ref = REF_INIT;
    struct store *s;

    if (ref_parse(text, &ref, err) < 0)
        return NULL;
    if (openers[ref.transport] == NULL) {
        err_set(err, ERR_UNSUPPORTED,
                "'%s': images cannot be read from %s yet; write oci:DIR[:TAG], oci-archive:FILE, "
                "docker-archive:FILE or docker://NAME",
                text, ref_transport_name(ref.transport));
        return NULL;
    }
    s = openers[ref.transport](&ref, err);
    if (s == NULL)
        return NULL;
    s->ref = ref;
    ref = (struct ref)REF_INIT;
    if (s->ref.transport == REF_REGISTRY && store_registry_connect(s, opts, err) < 0) {
        store_close(s);
        return NULL;
    }
    return s;
}

static bool
is_another_registry(const char *source, const struct ref *target)
{
    cleanup_ref struct ref ref = REF_INIT;
    struct err ignored = ERR_INIT;

    return target->transport == REF_REGISTRY && ref_parse(source, &ref, &ignored) == 0 &&
           ref.transport == REF_REGISTRY &&
           strcmp(registry_authority(&ref), registry_authority(target)) != 0;
}

struct store *
store_open_for(const char *text, const struct registry_opts *opts, const struct ref *target,
               struct err *err)
{
    struct registry_opts own = *opts;

    own.no_env_creds |= is_another_registry(text, target);
    return store_open_with(text, &own, err);
}

void
store_close(struct store *s)
{
    struct ref ref;

    if (s == NULL)
        return;
    ref = s->ref;
    s->kind->free(s);
    ref_done(&ref);
}

void
store_closep(struct store **s)
{
    store_close(*s);
}

/* ---- checked streams ---- */

struct checked {
    const struct descriptor *d;
    const struct sink *out;
    struct digest *digest;
    uint64_t size;
};

static int
take(void *ctx, const void *p, size_t n, struct err *err)
{
    struct checked *c = ctx;

    /* Before anything is done with what cannot be right. */
    if (n > c->d->size - c->size)
        return err_set(err, ERR_DIGEST, "%s has more bytes than the %llu of its descriptor",
                       c->d->digest, (unsigned long long)c->d->size);
    c->size += n;
    digest_update(c->digest, p, n);
    return sink_write(c->out, p, n, err);
}

static int
check_end(const struct checked *c, struct err *err)
{
    char hex[DIGEST_SHA256_HEX];

    if (c->size != c->d->size)
        return err_set(err, ERR_DIGEST, "%s has %llu bytes, its descriptor says %llu", c->d->digest,
                       (unsigned long long)c->size, (unsigned long long)c->d->size);
    digest_finish_hex(c->digest, hex);
    if (strcmp(hex, c->d->digest + BLOB_HEX_OFFSET) != 0)
        return err_set(err, ERR_DIGEST, "%s does not match its content: it is damaged",
                       c->d->digest);
    return 0;
}

typedef int stream_fn(struct store *s, const struct descriptor *d, const struct sink *out,
                      struct err *err);

static int
stream(struct store *s, stream_fn *fn, const struct descriptor *d, const struct sink *out,
       struct err *err)
{
    cleanup_digest struct digest *digest = digest_new();
    struct checked c = {d, out, digest, 0};
    const struct sink sink = {take, &c};

    if (fn(s, d, &sink, err) < 0)
        return -1;
    return check_end(&c, err);
}

int
store_blob(struct store *s, const struct descriptor *d, const struct sink *out, struct err *err)
{
    return stream(s, s->kind->blob, d, out, err);
}

static int
append(void *ctx, const void *p, size_t n, struct err *err)
{
    struct buf *b = ctx;

    buf_append(b, p, n);
    return buf_finish(b, err);
}

/* Small content as a whole. */
static int
read_text(struct store *s, stream_fn *fn, const struct descriptor *d, struct buf *out,
          struct err *err)
{
    const struct sink sink = {append, out};

    if (d->size > out->limit)
        return err_set(err, ERR_LIMIT, "%s: %llu bytes, at most %zu are read", d->digest,
                       (unsigned long long)d->size, out->limit);
    return stream(s, fn, d, &sink, err);
}

/* ---- documents ---- */

int
store_root(struct store *s, struct document *out, struct err *err)
{
    return s->kind->root(s, out, err);
}

int
store_manifest(struct store *s, const struct descriptor *d, struct document *out, struct err *err)
{
    stream_fn *fn = s->kind->manifest != NULL ? s->kind->manifest : s->kind->blob;
    cleanup_buf struct buf text = BUF_INIT(MANIFEST_SIZE_MAX);

    if (read_text(s, fn, d, &text, err) < 0)
        return -1;
    return document_parse(buf_view(&text), d->media_type, d->digest, out, err);
}

int
store_image(struct store *s, const struct platform *p, struct document *out, struct err *err)
{
    const struct platform host = platform_host();
    cleanup_document struct document d = DOCUMENT_INIT;

    if (store_root(s, &d, err) < 0)
        return -1;
    for (int depth = 0; descriptor_is_index(&d.descriptor); depth++) {
        struct document next = DOCUMENT_INIT;
        struct descriptor chosen;

        if (depth == STORE_DEPTH_MAX)
            return err_set(err, ERR_LIMIT, "indexes within indexes, more than %d deep",
                           STORE_DEPTH_MAX);
        if (document_choose(&d, p != NULL ? p : &host, &chosen, err) < 0 ||
            store_manifest(s, &chosen, &next, err) < 0)
            return -1;
        document_done(&d);
        d = next;
    }
    *out = d;
    d = (struct document)DOCUMENT_INIT;
    return 0;
}

struct json_t *
store_config(struct store *s, const struct document *manifest, struct err *err)
{
    cleanup_buf struct buf text = BUF_INIT(STORE_CONFIG_MAX);
    struct descriptor d;

    if (document_config(manifest, &d, err) < 0 || read_text(s, s->kind->blob, &d, &text, err) < 0)
        return NULL;
    return json_parse(buf_view(&text), d.digest, err);
}
