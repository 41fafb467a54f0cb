/* SPDX-License-Identifier: Apache-2.0 */
#include "images/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "json/json.h"

void
image_init(struct image *image)
{
    memset(image, 0, sizeof(*image));
    image->manifest = (struct blob)BLOB_INIT;
    image->config = (struct blob)BLOB_INIT;
}

void
image_done(struct image *image)
{
    for (size_t i = 0; i < image->n_layers; i++)
        layer_done(&image->layers[i]);
    free(image->layers);
    blob_done(&image->manifest);
    blob_done(&image->config);
    image_init(image);
}

void
image_add_layer(struct image *image, struct layer *layer)
{
    image->layers = mem_realloc(image->layers, image->n_layers + 1, sizeof(*image->layers));
    image->layers[image->n_layers++] = *layer;
    *layer = (struct layer)LAYER_INIT;
}

size_t
image_blob_count(const struct image *image)
{
    return image->n_layers + 2;
}

struct blob *
image_blob(struct image *image, size_t i)
{
    if (i < image->n_layers)
        return &image->layers[i].blob;
    return i == image->n_layers ? &image->config : &image->manifest;
}

uint64_t
image_size(const struct image *image)
{
    uint64_t sum = image->manifest.size + image->config.size;

    for (size_t i = 0; i < image->n_layers; i++)
        sum += image->layers[i].blob.size;
    return sum;
}

struct json_t *
image_platform_json(const struct image *image)
{
    struct json_t *v = json_new_object();

    json_put_str(v, "architecture", image->platform.arch);
    json_put_str(v, "os", image->platform.os);
    if (image->platform.variant[0] != '\0')
        json_put_str(v, "variant", image->platform.variant);
    return v;
}
