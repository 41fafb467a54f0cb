/* SPDX-License-Identifier: Apache-2.0 */
#include "images/store_kinds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/digest.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "images/index.h"
#include "images/inflate.h"
#include "images/manifest.h"
#include "images/ref.h"
#include "images/store_archive.h"
#include "json/json.h"

/*
 * What `docker save` writes, in the formats of Docker 1.10 to 24 (manifest.json, ID/layer.tar) and
 * of 25 and later (the same over blobs/), and what podman, skopeo and we write in their likeness.
 * manifest.json is the guide in all of them.  The manifest of OCI is the one that index.json has
 * for the same config; where there is none, one is made, whose bytes depend on the archive alone.
 */

enum { TEXT_MAX = 8 * 1024 * 1024, NAMES_TEXT_MAX = 400, LAYERS_MAX = 1024 };

struct blob_place {
    char digest[BLOB_DIGEST_MAX];
    const struct tar_member *member;
};

struct docker_store {
    struct archive archive;
    struct blob_place *blobs; /* config and layers of the image */
    size_t n_blobs;
};

static int
blob(struct store *s, const struct descriptor *d, const struct sink *out, struct err *err)
{
    const struct docker_store *a = (const struct docker_store *)s;

    for (size_t i = 0; i < a->n_blobs; i++)
        if (strcmp(a->blobs[i].digest, d->digest) == 0)
            return tar_index_stream(&a->archive.tar, a->blobs[i].member, out, err);
    return store_archive_blob(s, d, out, err);
}

/* ---- which image ---- */

static bool
has_name(const struct json_cur *entry, const char *name)
{
    struct json_cur tags = json_at(entry, "RepoTags");

    for (size_t i = 0; i < json_len(&tags); i++) {
        struct json_cur tag = json_item(&tags, i);

        if (strcmp(json_str_or(&tag, ""), name) == 0)
            return true;
    }
    return false;
}

static int
no_such_image(const struct json_cur *root, const char *name, struct err *err)
{
    cleanup_buf struct buf there = BUF_INIT(NAMES_TEXT_MAX);

    for (size_t i = 0; i < json_len(root); i++) {
        struct json_cur entry = json_item(root, i);
        struct json_cur tags = json_at(&entry, "RepoTags");
        struct json_cur tag = json_item(&tags, 0);

        buf_appendf(&there, "%s%s", i > 0 ? ", " : "", json_str_or(&tag, "(no name)"));
    }
    if (name == NULL)
        return err_set(err, ERR_NOT_FOUND, "%s: %s",
                       json_len(root) == 0 ? "no image is there"
                                           : "several images are there, name one",
                       buf_cstr(&there));
    return err_set(err, ERR_NOT_FOUND, "no image is called '%s'; there are: %s", name,
                   buf_cstr(&there));
}

static int
choose(const struct json_cur *root, const struct ref *ref, struct json_cur *out, struct err *err)
{
    cleanup_free char *name = ref_tagged_name(ref);
    cleanup_free char *full = ref_full_name(ref);

    if (json_need_array(root, err) < 0)
        return -1;
    for (size_t i = 0; i < json_len(root); i++) {
        *out = json_item(root, i);
        if (name == NULL ? json_len(root) == 1 : has_name(out, name) || has_name(out, full))
            return 0;
    }
    return no_such_image(root, name, err);
}

/* ---- a manifest for it ---- */

static int
find_member(const struct docker_store *a, const struct json_cur *path,
            const struct tar_member **out, struct err *err)
{
    const char *text;

    if (json_get_str(path, &text, err) < 0)
        return -1;
    *out = tar_index_find(&a->archive.tar, text);
    if (*out == NULL)
        return json_err(path, err, "the archive has no '%.200s'", text);
    return 0;
}

static int
hash_piece(void *ctx, const void *p, size_t n, struct err *err)
{
    (void)err;
    digest_update(ctx, p, n);
    return 0;
}

static int
hash_member(const struct docker_store *a, const struct tar_member *m, char out[BLOB_DIGEST_MAX],
            struct err *err)
{
    cleanup_digest struct digest *digest = digest_new();
    const struct sink sink = {hash_piece, digest};

    if (tar_index_stream(&a->archive.tar, m, &sink, err) < 0)
        return -1;
    memcpy(out, "sha256:", BLOB_HEX_OFFSET);
    digest_finish_hex(digest, out + BLOB_HEX_OFFSET);
    return 0;
}

static struct json_t *
add_blob(struct docker_store *a, const char *type, const char *digest, const struct tar_member *m)
{
    struct json_t *d = json_new_object();
    struct blob_place *place = &a->blobs[a->n_blobs++];

    memcpy(place->digest, digest, strlen(digest) + 1);
    place->member = m;
    json_put_str(d, "mediaType", type);
    json_put_str(d, "digest", digest);
    json_put_int(d, "size", (int64_t)m->size);
    return d;
}

/* A layer that is not compressed has its diffID for a digest, which is checked whenever it is read;
 * others are hashed now. */
static int
add_layer(struct docker_store *a, const struct json_cur *path, const char *diff_id,
          struct json_t *layers, struct err *err)
{
    static const char *const types[] = {
        [INFLATE_NONE] = "application/vnd.oci.image.layer.v1.tar",
        [INFLATE_GZIP] = "application/vnd.oci.image.layer.v1.tar+gzip",
        [INFLATE_ZSTD] = "application/vnd.oci.image.layer.v1.tar+zstd"};
    const struct tar_member *m;
    unsigned char magic[INFLATE_MAGIC];
    char digest[BLOB_DIGEST_MAX];
    enum inflate_kind kind;
    ptrdiff_t n;

    if (find_member(a, path, &m, err) < 0)
        return -1;
    n = tar_index_peek(&a->archive.tar, m, magic, sizeof(magic), err);
    if (n < 0 || inflate_detect(magic, (size_t)n, &kind, err) < 0)
        return -1;
    snprintf(digest, sizeof(digest), "%s", diff_id);
    if (kind != INFLATE_NONE && hash_member(a, m, digest, err) < 0)
        return -1;
    json_push(layers, add_blob(a, types[kind], digest, m));
    return 0;
}

static int
add_layers(struct docker_store *a, const struct json_cur *paths, const struct json_t *config,
           struct json_t *layers, struct err *err)
{
    struct json_cur root = json_root(config);
    struct json_cur rootfs = json_at(&root, "rootfs");
    struct json_cur ids = json_at(&rootfs, "diff_ids");

    if (json_need_array(paths, err) < 0)
        return -1;
    if (json_len(paths) != json_len(&ids) || json_len(paths) > LAYERS_MAX)
        return err_set(err, ERR_INVALID, "the config has %zu diffIDs for %zu layers",
                       json_len(&ids), json_len(paths));
    a->blobs = mem_realloc(a->blobs, 1 + json_len(paths), sizeof(*a->blobs));
    for (size_t i = 0; i < json_len(paths); i++) {
        struct json_cur path = json_item(paths, i);
        struct json_cur id = json_item(&ids, i);
        const char *text;

        if (json_get_str(&id, &text, err) < 0 || descriptor_check_digest(text, err) < 0)
            return err_wrap(err, "config");
        if (add_layer(a, &path, text, layers, err) < 0)
            return -1;
    }
    return 0;
}

static int
make_manifest(struct docker_store *a, const struct json_cur *entry, struct buf *out,
              struct err *err)
{
    struct json_cur config_path = json_at(entry, "Config");
    struct json_cur layer_paths = json_at(entry, "Layers");
    cleanup_json struct json_t *manifest = json_new_object();
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    cleanup_json struct json_t *config = NULL;
    struct json_t *layers = json_new_array();
    const struct tar_member *m;
    char digest[BLOB_DIGEST_MAX];

    json_put(manifest, "layers", layers);
    json_put_int(manifest, "schemaVersion", 2);
    json_put_str(manifest, "mediaType", BLOB_MANIFEST);
    if (find_member(a, &config_path, &m, err) < 0 ||
        tar_index_text(&a->archive.tar, m->path, &text, err) < 0)
        return -1;
    config = json_parse(buf_view(&text), m->path, err);
    if (config == NULL || add_layers(a, &layer_paths, config, layers, err) < 0 ||
        hash_member(a, m, digest, err) < 0)
        return -1;
    json_put(manifest, "config", add_blob(a, BLOB_CONFIG, digest, m));
    json_write(manifest, JSON_SORTED, out);
    return buf_finish(out, err);
}

/* ---- the manifest that is there ---- */

/* Whether entry i of the index is a manifest with that config; then it is *out. */
static bool
is_stored(struct docker_store *a, const struct json_cur *entry, const char *config,
          struct document *out)
{
    cleanup_document struct document d = DOCUMENT_INIT;
    struct descriptor manifest, has;
    struct err ignored = ERR_INIT;

    if (descriptor_read(entry, &manifest, &ignored) < 0 || !descriptor_is_manifest(&manifest) ||
        store_manifest(&a->archive.store, &manifest, &d, &ignored) < 0 ||
        document_config(&d, &has, &ignored) < 0 || strcmp(has.digest, config) != 0)
        return false;
    *out = d;
    d = (struct document)DOCUMENT_INIT;
    return true;
}

/* False when there is none, or none that is right: one is made then. */
static bool
find_stored(struct docker_store *a, const struct json_cur *entry, struct document *out)
{
    struct json_cur config_path = json_at(entry, "Config");
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    cleanup_json struct json_t *index = NULL;
    char config[BLOB_DIGEST_MAX];
    struct err ignored = ERR_INIT;
    struct json_cur whole, list;
    const struct tar_member *m;

    if (tar_index_text(&a->archive.tar, "index.json", &text, &ignored) < 0 ||
        find_member(a, &config_path, &m, &ignored) < 0 || m->size > STORE_CONFIG_MAX ||
        hash_member(a, m, config, &ignored) < 0)
        return false;
    index = index_parse(buf_view(&text), "index.json", &ignored);
    whole = json_root(index);
    list = json_at(&whole, "manifests");
    for (size_t i = 0; i < json_len(&list); i++) {
        struct json_cur item = json_item(&list, i);

        if (is_stored(a, &item, config, out))
            return true;
    }
    return false;
}

static int
root(struct store *s, struct document *out, struct err *err)
{
    struct docker_store *a = (struct docker_store *)s;
    cleanup_buf struct buf list = BUF_INIT(TEXT_MAX);
    cleanup_buf struct buf text = BUF_INIT(MANIFEST_SIZE_MAX);
    cleanup_json struct json_t *doc = NULL;
    struct json_cur whole, entry;

    if (tar_index_find(&a->archive.tar, "manifest.json") == NULL)
        return err_set(err, ERR_UNSUPPORTED,
                       "'%s' has no manifest.json: no archive of docker save, or one of a Docker "
                       "before 1.10",
                       a->archive.tar.name);
    if (tar_index_text(&a->archive.tar, "manifest.json", &list, err) < 0)
        return -1;
    doc = json_parse(buf_view(&list), "manifest.json", err);
    if (doc == NULL)
        return -1;
    whole = json_root(doc);
    if (choose(&whole, &s->ref, &entry, err) < 0)
        return err_wrap(err, "manifest.json");
    if (find_stored(a, &entry, out))
        return 0;
    if (make_manifest(a, &entry, &text, err) < 0)
        return err_wrap(err, "manifest.json");
    return document_parse(buf_view(&text), "", a->archive.tar.name, out, err);
}

static void
release(struct store *s)
{
    struct docker_store *a = (struct docker_store *)s;

    free(a->blobs);
    store_archive_free(&a->archive);
}

static const struct store_kind kind = {root, NULL, blob, release};

struct store *
store_docker_archive_new(const struct ref *ref, struct err *err)
{
    struct archive *a = store_archive_open(ref, sizeof(struct docker_store), err);

    if (a == NULL)
        return NULL;
    a->store.kind = &kind;
    return &a->store;
}
