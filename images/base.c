/* SPDX-License-Identifier: Apache-2.0 */
#include "images/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "images/descriptor.h"
#include "images/document.h"
#include "images/interrupt.h"
#include "images/registry.h"
#include "images/staging.h"
#include "images/store.h"
#include "images/target.h"
#include "json/json.h"

static const struct {
    const char *type, *oci;
} types[] = {
    {BLOB_GZIP, BLOB_GZIP},
    {BLOB_ZSTD, BLOB_ZSTD},
    {BLOB_TAR, BLOB_TAR},
    {"application/vnd.docker.image.rootfs.diff.tar.gzip", BLOB_GZIP},
    {"application/vnd.docker.image.rootfs.diff.tar.zstd", BLOB_ZSTD},
    {"application/vnd.docker.image.rootfs.diff.tar", BLOB_TAR},
};

void
base_done(struct base *b)
{
    for (size_t i = 0; i < b->n_layers; i++)
        layer_done(&b->layers[i]);
    free(b->layers);
    free(b->name);
    json_free(b->config);
    *b = (struct base)BASE_INIT;
}

static const char *
oci_type(const struct descriptor *d)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (strcmp(types[i].type, d->media_type) == 0)
            return types[i].oci;
    return NULL;
}

static int
take(void *ctx, const void *p, size_t n, struct err *err)
{
    const struct staged *file = ctx;

    if (interrupt_check(err) < 0)
        return -1;
    return fs_write_fd(file->fd, file->name, p, n, err);
}

static int
stage_layer(struct store *s, const struct descriptor *d, const struct target *target,
            struct layer *out, struct err *err)
{
    cleanup_staged struct staged file = STAGED_INIT;
    const struct sink sink = {take, &file};

    if (target_stage(target, &file, err) < 0 || store_blob(s, d, &sink, err) < 0)
        return -1;
    *out = (struct layer)LAYER_INIT;
    out->blob.media_type = oci_type(d);
    out->blob.size = d->size;
    memcpy(out->blob.digest, d->digest, sizeof(out->blob.digest));
    out->blob.file = staging_take(&file);
    return 0;
}

/* The config's name for layer i, uncompressed. */
static int
read_diff_id(const struct json_cur *ids, size_t i, struct layer *out, struct err *err)
{
    struct json_cur item = json_item(ids, i);
    const char *text;

    if (json_get_str(&item, &text, err) < 0 || descriptor_check_digest(text, err) < 0)
        return err_wrap(err, "config");
    snprintf(out->diff_id, sizeof(out->diff_id), "%s", text);
    return 0;
}

static int
read_layers(struct store *s, const struct document *manifest, const struct target *target,
            struct base *b, struct err *err)
{
    struct json_cur root = json_root(b->config);
    struct json_cur rootfs = json_at(&root, "rootfs");
    struct json_cur ids = json_at(&rootfs, "diff_ids");
    size_t n = document_count(manifest);

    if (json_len(&ids) != n)
        return err_set(err, ERR_INVALID, "the manifest has %zu layers, the config names %zu", n,
                       json_len(&ids));
    b->layers = mem_realloc(NULL, n + 1, sizeof(*b->layers));
    for (size_t i = 0; i < n; i++) {
        struct descriptor d;

        if (document_item(manifest, i, &d, err) < 0)
            return -1;
        if (oci_type(&d) == NULL)
            return err_set(err, ERR_UNSUPPORTED, "layer %zu: '%s' cannot be built upon", i + 1,
                           d.media_type);
        if (stage_layer(s, &d, target, &b->layers[i], err) < 0)
            return -1;
        b->n_layers++;
        if (read_diff_id(&ids, i, &b->layers[i], err) < 0)
            return -1;
    }
    return 0;
}

static int
read_word(const struct json_cur *root, const char *key, char out[PLATFORM_WORD_MAX],
          struct err *err)
{
    struct json_cur word = json_at(root, key);
    const char *text;

    if (json_get_str(&word, &text, err) < 0)
        return err_wrap(err, "config");
    snprintf(out, PLATFORM_WORD_MAX, "%s", text);
    return 0;
}

static int
read_platform(const struct json_t *config, struct platform *out, struct err *err)
{
    struct json_cur root = json_root(config);
    struct json_cur variant = json_at(&root, "variant");

    snprintf(out->variant, sizeof(out->variant), "%s", json_str_or(&variant, ""));
    if (read_word(&root, "os", out->os, err) < 0)
        return -1;
    return read_word(&root, "architecture", out->arch, err);
}

static int
read_all(struct store *s, const struct platform *p, const struct target *target, struct base *b,
         struct err *err)
{
    cleanup_document struct document manifest = DOCUMENT_INIT;

    if (store_image(s, p, &manifest, err) < 0)
        return -1;
    memcpy(b->digest, manifest.descriptor.digest, sizeof(b->digest));
    if (s->ref.transport == REF_REGISTRY)
        b->name = ref_full_name(&s->ref);
    b->config = store_config(s, &manifest, err);
    if (b->config == NULL || read_platform(b->config, &b->platform, err) < 0)
        return -1;
    return read_layers(s, &manifest, target, b, err);
}

int
base_read(const char *from, const struct platform *p, const struct target *target, struct base *out,
          struct err *err)
{
    static const struct registry_opts opts = {NULL, false};
    cleanup_store struct store *s = store_open_for(from, &opts, &target->ref, err);
    cleanup_base struct base b = BASE_INIT;

    if (s == NULL)
        return -1;
    if (read_all(s, p, target, &b, err) < 0)
        return err_wrap(err, "%s", from);
    *out = b;
    b = (struct base)BASE_INIT;
    return 0;
}
