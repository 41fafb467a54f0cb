/* SPDX-License-Identifier: Apache-2.0 */
#include "images/sign.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "aws/ecdsa.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "images/depot.h"
#include "images/document.h"
#include "images/manifest.h"
#include "images/ref.h"
#include "images/signature.h"
#include "images/store.h"
#include "json/json.h"

enum { SIGNATURES_MAX = 1000, ATTEMPTS = 20 };

/* An image, and the image of its signatures. */
struct signing {
    struct store *store;      /* of the image; NULL: not open */
    struct store *signatures; /* NULL: there are none */
    char *name;               /* of the signatures' image */
    struct descriptor of;
    struct document manifest; /* of the signatures' image */
};

static void
signing_done(struct signing *s)
{
    store_close(s->store);
    store_close(s->signatures);
    free(s->name);
    document_done(&s->manifest);
}

#define cleanup_signing __attribute__((cleanup(signing_done)))

/* "index.docker.io/library/nginx", as cosign writes it; NULL for an image without a name. */
static char *
name_of(const struct ref *ref)
{
    if (ref->transport != REF_REGISTRY)
        return NULL;
    if (ref->host != NULL)
        return mem_printf("%s/%s", ref->host, ref->repository);
    return mem_printf("index.docker.io/%s%s",
                      strchr(ref->repository, '/') != NULL ? "" : "library/", ref->repository);
}

static int
open_signatures(struct signing *s, const struct registry_opts *opts, struct err *err)
{
    struct err none = ERR_INIT;

    s->signatures = store_open_with(s->name, opts, err);
    if (s->signatures == NULL)
        return -1;
    if (store_root(s->signatures, &s->manifest, &none) == 0) {
        if (!descriptor_is_manifest(&s->manifest.descriptor))
            return err_set(err, ERR_INVALID, "%s: it holds no signatures", s->name);
        if (document_count(&s->manifest) > SIGNATURES_MAX)
            return err_set(err, ERR_LIMIT, "%s: more than %d signatures", s->name, SIGNATURES_MAX);
        return 0;
    }
    if (none.code != ERR_NOT_FOUND) {
        *err = none;
        return -1;
    }
    store_close(s->signatures);
    s->signatures = NULL;
    return 0;
}

static int
open_all(const char *image, const struct registry_opts *opts, struct signing *s, struct err *err)
{
    cleanup_document struct document root = DOCUMENT_INIT;
    char tag[SIGNATURE_TAG_MAX];

    s->store = store_open_with(image, opts, err);
    if (s->store == NULL)
        return -1;
    if (store_root(s->store, &root, err) < 0)
        return err_wrap(err, "%s", image);
    s->of = root.descriptor;
    signature_tag(s->of.digest, tag);
    s->name = ref_beside(&s->store->ref, tag);
    if (s->name == NULL)
        return err_set(err, ERR_UNSUPPORTED,
                       "'%s': an archive has no room for signatures; copy the image to a layout or "
                       "a registry",
                       image);
    return open_signatures(s, opts, err);
}

/* ---- what is there ---- */

static size_t
count(const struct signing *s)
{
    return s->signatures != NULL ? document_count(&s->manifest) : 0;
}

static int
append(void *ctx, const void *p, size_t n, struct err *err)
{
    struct buf *b = ctx;

    buf_append(b, p, n);
    return buf_finish(b, err);
}

static bool
is_named(struct str payload, const char *identity)
{
    struct err unused = ERR_INIT;
    cleanup_json struct json_t *doc = json_parse(payload, "signature", &unused);
    struct json_cur root = json_root(doc);
    struct json_cur critical = json_at(&root, "critical");
    struct json_cur id = json_at(&critical, "identity");
    struct json_cur name = json_at(&id, "docker-reference");

    return identity == NULL || strcmp(json_str_or(&name, ""), identity) == 0;
}

/* 1: layer i is a signature by key, and payload has its text; 0: it is something else; -1. */
static int
check_layer(const struct signing *s, size_t i, const struct ecdsa_key *key, const char *identity,
            struct buf *payload, struct err *err)
{
    struct json_cur root = json_root(s->manifest.json);
    struct json_cur layers = json_at(&root, "layers");
    struct json_cur layer = json_item(&layers, i);
    struct json_cur annotations = json_at(&layer, "annotations");
    struct json_cur signature = json_at(&annotations, SIGNATURE_KEY);
    const struct sink sink = {append, payload};
    struct err unused = ERR_INIT;
    struct descriptor d;

    if (document_item(&s->manifest, i, &d, err) < 0)
        return -1;
    if (strcmp(d.media_type, SIGNATURE_LAYER_TYPE) != 0 || d.size > SIGNATURE_PAYLOAD_MAX)
        return 0;
    if (store_blob(s->signatures, &d, &sink, err) < 0)
        return -1;
    return signature_holds(key, buf_view(payload), str_from(json_str_or(&signature, ""))) &&
           signature_check_payload(buf_view(payload), s->of.digest, &unused) == 0 &&
           is_named(buf_view(payload), identity);
}

static int
count_good(const struct signing *s, const struct ecdsa_key *key, const char *identity,
           struct buf *out, struct err *err)
{
    int good = 0;

    for (size_t i = 0; i < count(s); i++) {
        cleanup_buf struct buf payload = BUF_INIT(SIGNATURE_PAYLOAD_MAX);
        int is = check_layer(s, i, key, identity, &payload, err);

        if (is < 0)
            return err_wrap(err, "%s", s->name);
        if (is == 0)
            continue;
        good++;
        buf_append(out, payload.p, payload.n);
        buf_append_str(out, "\n");
    }
    return buf_finish(out, err) < 0 ? -1 : good;
}

int
sign_verify(const char *image, const struct ecdsa_key *key, const char *identity,
            const struct registry_opts *opts, struct buf *out, struct err *err)
{
    cleanup_signing struct signing s = {.manifest = DOCUMENT_INIT};

    if (open_all(image, opts, &s, err) < 0)
        return -1;
    return count_good(&s, key, identity, out, err);
}

/* ---- one more ---- */

/* What cosign puts there: a config that says nothing but how many layers there are. */
static int
write_config(const struct json_t *layers, struct blob *out, struct err *err)
{
    cleanup_json struct json_t *doc = json_new_object();
    cleanup_buf struct buf text = BUF_INIT(STORE_CONFIG_MAX);
    struct json_cur root = json_root(layers);
    struct json_t *rootfs = json_new_object();
    struct json_t *ids = json_new_array();

    for (size_t i = 0; i < json_len(&root); i++) {
        struct json_cur layer = json_item(&root, i);
        struct json_cur digest = json_at(&layer, "digest");

        json_push_str(ids, json_str_or(&digest, ""));
    }
    json_put_str(rootfs, "type", "layers");
    json_put(rootfs, "diff_ids", ids);
    json_put_str(doc, "architecture", "");
    json_put(doc, "config", json_new_object());
    json_put_str(doc, "os", "");
    json_put(doc, "rootfs", rootfs);
    json_write(doc, JSON_SORTED, &text);
    return blob_from_text(out, BLOB_CONFIG, &text, err);
}

static struct json_t *
layers_with(const struct signing *s, const struct blob *payload, const char *signature)
{
    struct json_cur root = json_root(s->manifest.json);
    struct json_cur before = json_at(&root, "layers");
    struct json_t *layers = before.v != NULL ? json_clone(before.v) : json_new_array();
    struct json_t *layer = blob_descriptor(payload);
    struct json_t *annotations = json_new_object();

    json_put_str(annotations, SIGNATURE_KEY, signature);
    json_put(layer, "annotations", annotations);
    json_push(layers, layer);
    return layers;
}

static int
put_manifest(struct depot *depot, const struct blob *config, const struct json_t *layers,
             struct err *err)
{
    cleanup_json struct json_t *doc = json_new_object();
    cleanup_document struct document manifest = DOCUMENT_INIT;
    cleanup_buf struct buf text = BUF_INIT(MANIFEST_SIZE_MAX);

    json_put_int(doc, "schemaVersion", 2);
    json_put_str(doc, "mediaType", BLOB_MANIFEST);
    json_put(doc, "config", blob_descriptor(config));
    json_put(doc, "layers", json_clone(layers));
    json_write(doc, JSON_SORTED, &text);
    if (buf_finish(&text, err) < 0 ||
        document_parse(buf_view(&text), BLOB_MANIFEST, "signature", &manifest, err) < 0)
        return -1;
    return depot_put_document(depot, &manifest, true, err);
}

static int
put_signature(const struct signing *s, struct blob *payload, const char *signature,
              const struct registry_opts *opts, struct err *err)
{
    cleanup_depot struct depot *depot = depot_new(s->name, opts, err);
    cleanup_json struct json_t *layers = layers_with(s, payload, signature);
    struct blob config = BLOB_INIT;
    struct blob named = BLOB_INIT;
    int done;

    if (depot == NULL || write_config(layers, &config, err) < 0)
        return -1;
    depot_expect(depot, s->signatures != NULL ? s->manifest.descriptor.digest : "");
    named.media_type = config.media_type;
    named.size = config.size;
    memcpy(named.digest, config.digest, sizeof(named.digest));
    done = depot_put_blob(depot, payload, err);
    if (done == 0)
        done = depot_put_blob(depot, &config, err);
    if (done == 0)
        done = put_manifest(depot, &named, layers, err);
    blob_done(&config);
    return done;
}

static int
make(const struct signing *s, const struct ecdsa_key *key, const char *identity,
     const struct registry_opts *opts, struct err *err)
{
    cleanup_buf struct buf text = BUF_INIT(SIGNATURE_PAYLOAD_MAX);
    cleanup_buf struct buf signature = BUF_INIT(SIGNATURE_PAYLOAD_MAX);
    struct blob payload = BLOB_INIT;
    int done;

    if (signature_payload(identity, s->of.digest, &text, err) < 0 ||
        signature_make(key, buf_view(&text), &signature, err) < 0 ||
        blob_from_text(&payload, SIGNATURE_LAYER_TYPE, &text, err) < 0)
        return -1;
    done = put_signature(s, &payload, buf_cstr(&signature), opts, err);
    blob_done(&payload);
    return done;
}

/* A name as cosign and policies compare it: a repository, without tag and digest. */
static int
check_identity(const char *identity, struct err *err)
{
    cleanup_ref struct ref ref = REF_INIT;
    struct err ignored = ERR_INIT;

    if (ref_parse(identity, &ref, &ignored) == 0 && ref.transport == REF_REGISTRY &&
        ref.tag == NULL && ref.digest == NULL && strstr(identity, "://") == NULL)
        return 0;
    return err_set(err, ERR_USAGE,
                   "--identity: '%s': write a repository's name, such as registry.example/team/app",
                   identity);
}

/* 1: somebody else has signed meanwhile, and his signature must not be lost. */
static int
sign_once(const char *image, const struct ecdsa_key *key, const char *identity,
          const struct registry_opts *opts, char digest[BLOB_DIGEST_MAX], struct err *err)
{
    cleanup_signing struct signing s = {.manifest = DOCUMENT_INIT};
    cleanup_buf struct buf there = BUF_INIT(SIGNATURES_MAX * SIGNATURE_PAYLOAD_MAX);
    cleanup_free char *name = NULL;
    int good;

    if (open_all(image, opts, &s, err) < 0)
        return -1;
    name = identity != NULL ? mem_strdup(identity) : name_of(&s.store->ref);
    if (name == NULL)
        return err_set(err, ERR_USAGE,
                       "--identity NAME is missing: a layout does not say what its images are "
                       "called, such as registry.example/team/app");
    memcpy(digest, s.of.digest, sizeof(s.of.digest));
    good = count_good(&s, key, name, &there, err);
    if (good > 0 || (good == 0 && make(&s, key, name, opts, err) == 0))
        return 0;
    if (err->code == ERR_EXISTS)
        return 1;
    return err_wrap(err, "%s", s.name);
}

int
sign_image(const char *image, const struct ecdsa_key *key, const char *identity,
           const struct registry_opts *opts, char digest[BLOB_DIGEST_MAX], struct err *err)
{
    struct err why = ERR_INIT;
    int done = 1;

    if (identity != NULL && check_identity(identity, err) < 0)
        return -1;
    for (unsigned i = 0; done > 0 && i < ATTEMPTS; i++) {
        why = (struct err)ERR_INIT;
        done = sign_once(image, key, identity, opts, digest, &why);
    }
    if (done != 0)
        *err = why;
    return done == 0 ? 0 : -1;
}
