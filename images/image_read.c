/* SPDX-License-Identifier: Apache-2.0 */
#include "images/image_read.h"

#include <string.h>

#include "base/err.h"
#include "images/descriptor.h"
#include "images/layer_read.h"
#include "images/limits.h"
#include "images/platform.h"
#include "images/rootfs.h"
#include "images/store.h"
#include "json/json.h"

void
image_read_done(struct image_read *i)
{
    json_free(i->config);
    document_done(&i->manifest);
    store_close(i->store);
    *i = (struct image_read)IMAGE_READ_INIT;
}

static int
check_diff_ids(const struct json_cur *ids, struct err *err)
{
    for (size_t i = 0; i < json_len(ids); i++) {
        struct json_cur id = json_item(ids, i);
        const char *text;

        if (json_get_str(&id, &text, err) < 0)
            return -1;
        if (descriptor_check_digest(text, err) < 0)
            return err_wrap(err, "/rootfs/diff_ids/%zu", i);
    }
    return 0;
}

int
image_read_check(const struct document *manifest, const struct json_t *config, struct err *err)
{
    struct json_cur root = json_root(config);
    struct json_cur rootfs = json_at(&root, "rootfs");
    struct json_cur type = json_at(&rootfs, "type");
    struct json_cur ids = json_at(&rootfs, "diff_ids");
    size_t layers = document_count(manifest);
    const char *text;

    if (json_need_object(&root, err) < 0 || json_need_object(&rootfs, err) < 0 ||
        json_get_str(&type, &text, err) < 0 || json_need_array(&ids, err) < 0)
        return err_wrap(err, "config");
    if (strcmp(text, "layers") != 0)
        return err_set(err, ERR_UNSUPPORTED, "config: /rootfs/type: want \"layers\"");
    if (json_len(&ids) != layers)
        return err_set(err, ERR_INVALID,
                       "the config has %zu diffIDs for %zu layers of the manifest", json_len(&ids),
                       layers);
    if (layers > IMAGE_READ_LAYERS_MAX)
        return err_set(err, ERR_LIMIT, "%zu layers, at most %d are read", layers,
                       IMAGE_READ_LAYERS_MAX);
    if (check_diff_ids(&ids, err) < 0)
        return err_wrap(err, "config");
    return 0;
}

const char *
image_read_diff_id(const struct json_t *config, size_t i)
{
    struct json_cur root = json_root(config);
    struct json_cur rootfs = json_at(&root, "rootfs");
    struct json_cur ids = json_at(&rootfs, "diff_ids");
    struct json_cur id = json_item(&ids, i);

    return json_str_or(&id, "");
}

static struct image_read
take(struct image_read *i)
{
    struct image_read taken = *i;

    *i = (struct image_read)IMAGE_READ_INIT;
    return taken;
}

int
image_read_open(const char *name, const char *platform, struct image_read *out, struct err *err)
{
    cleanup_image_read struct image_read i = IMAGE_READ_INIT;
    const struct platform *asked;
    struct platform p;

    if (platform_option(platform, &p, &asked, err) < 0)
        return -1;
    i.store = store_open(name, err);
    if (i.store == NULL)
        return -1;
    if (store_image(i.store, asked, &i.manifest, err) < 0)
        return -1;
    i.config = store_config(i.store, &i.manifest, err);
    if (i.config == NULL || image_read_check(&i.manifest, i.config, err) < 0)
        return -1;
    *out = take(&i);
    return 0;
}

/* ---- layers ---- */

struct run {
    struct rootfs *rootfs;
    const struct image_read_visitor *visitor;
};

static int
take_entry(void *ctx, const struct layer_entry *e, struct err *err)
{
    struct run *run = ctx;
    struct rootfs_node *n;

    if (rootfs_apply(run->rootfs, e, &n, err) < 0)
        return -1;
    if (run->visitor == NULL || run->visitor->entry == NULL)
        return 0;
    return run->visitor->entry(run->visitor->ctx, n, err);
}

static int
take_data(void *ctx, const void *p, size_t n, struct err *err)
{
    struct run *run = ctx;

    return run->visitor->data(run->visitor->ctx, p, n, err);
}

int
image_read_layers(const struct image_read *image, size_t first, size_t last, struct rootfs *r,
                  struct limits *limits, const struct image_read_visitor *v, struct err *err)
{
    struct run run = {r, v};
    const struct layer_visitor visitor = {take_entry,
                                          v != NULL && v->data != NULL ? take_data : NULL, &run};

    limits_fill(limits);
    for (size_t i = first; i < last; i++) {
        struct descriptor d;

        rootfs_begin_layer(r);
        if (document_item(&image->manifest, i, &d, err) < 0)
            return -1;
        if (layer_read(image->store, &d, image_read_diff_id(image->config, i), limits, &visitor,
                       NULL, err) < 0)
            return err_wrap(err, "layer %zu", i + 1);
    }
    return 0;
}

int
image_read_all(const struct image_read *image, struct rootfs *r, struct limits *limits,
               const struct image_read_visitor *v, struct err *err)
{
    if (image_read_layers(image, 0, document_count(&image->manifest), r, limits, v, err) < 0)
        return -1;
    rootfs_sort(r);
    return 0;
}
