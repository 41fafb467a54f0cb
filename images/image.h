/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_IMAGE_H
#define IMAGES_IMAGE_H

/* A complete image, ready to be published to a target. */

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "images/blob.h"
#include "images/layer.h"
#include "images/platform.h"

struct image {
    struct blob manifest;
    struct blob config;
    struct layer *layers;
    size_t n_layers;
    struct platform platform;
    int64_t created; /* Unix seconds; also the time of files that are made around it */
};

void image_init(struct image *image);
void image_done(struct image *image);
#define cleanup_image __attribute__((cleanup(image_done)))

/* Takes the layer over. */
void image_add_layer(struct image *image, struct layer *layer);

/* Blob i of image_blob_count(): the layers, the config, the manifest. */
size_t image_blob_count(const struct image *image);
struct blob *image_blob(struct image *image, size_t i);

/* Bytes of manifest, config and layers. */
uint64_t image_size(const struct image *image);

struct json_t;

/* {"architecture", "os", "variant"}, a new reference. */
struct json_t *image_platform_json(const struct image *image);

#endif
