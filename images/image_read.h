/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_IMAGE_READ_H
#define IMAGES_IMAGE_READ_H

/* An image as commands look into it: manifest, config, and its layers laid over each other. */

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "images/document.h"

struct err;
struct json_t;
struct limits;
struct platform;
struct rootfs;
struct rootfs_node;
struct rootfs_observer;
struct store;

enum { IMAGE_READ_LAYERS_MAX = 1024 };

struct image_read {
    struct store *store;
    struct document manifest;
    struct json_t *config;
};

#define IMAGE_READ_INIT           \
    {                             \
        NULL, DOCUMENT_INIT, NULL \
    }
#define cleanup_image_read __attribute__((cleanup(image_read_done)))

/* Opens the name and reads manifest and config of a platform ("OS/ARCH[/VARIANT]", NULL is this
 * machine's).  What no rootfs can be made of is refused: rootfs.type other than "layers", another
 * number of diffIDs than of layers. */
int image_read_open(const char *name, const char *platform, struct image_read *out,
                    struct err *err) NODISCARD;
void image_read_done(struct image_read *i);

/* The same checks for a manifest and config that are there already. */
int image_read_check(const struct document *manifest, const struct json_t *config,
                     struct err *err) NODISCARD;

/* The diffID of layer i, as image_read_check() has seen it. */
const char *image_read_diff_id(const struct json_t *config, size_t i);

/* What happens while layers are read, besides the view that grows; any may be NULL. */
struct image_read_visitor {
    /* After an entry took its place: what a command does not want is refused here.  n is NULL for
     * whiteouts. */
    int (*entry)(void *ctx, const struct rootfs_node *n, struct err *err);
    /* The content of the file that entry was told of. */
    int (*data)(void *ctx, const void *p, size_t n, struct err *err);
    void *ctx;
};

/* Reads layers first..last-1 of the manifest into r, bottom first. */
int image_read_layers(const struct image_read *i, size_t first, size_t last, struct rootfs *r,
                      struct limits *limits, const struct image_read_visitor *v,
                      struct err *err) NODISCARD;

/* All of them, sorted. */
int image_read_all(const struct image_read *i, struct rootfs *r, struct limits *limits,
                   const struct image_read_visitor *v, struct err *err) NODISCARD;

#endif
