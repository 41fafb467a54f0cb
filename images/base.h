/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_BASE_H
#define IMAGES_BASE_H

/*
 * The image that a build begins with: its layers go below ours, unchanged, and its config is what
 * ours inherits from.
 */

#include <stddef.h>

#include "base/attr.h"
#include "images/layer.h"
#include "images/platform.h"

struct err;
struct json_t;
struct target;

struct base {
    char *name;                   /* "docker.io/library/debian:12", or NULL outside of registries */
    char digest[BLOB_DIGEST_MAX]; /* of the manifest */
    struct json_t *config;        /* the whole document */
    struct platform platform;
    struct layer *layers;
    size_t n_layers;
};

#define BASE_INIT                             \
    {                                         \
        NULL, "", NULL, {"", "", ""}, NULL, 0 \
    }
#define cleanup_base __attribute__((cleanup(base_done)))

/* Reads the image named by from (images/store.h) for platform p, or this machine's when p is NULL,
 * and stages its layers for an opened target.  Docker's media types become OCI's, which say the
 * same of the same bytes.  ERR_UNSUPPORTED for layers of other kinds, such as those that lie
 * elsewhere (`urls`); ERR_INVALID when config and manifest contradict each other. */
int base_read(const char *from, const struct platform *p, const struct target *target,
              struct base *out, struct err *err) NODISCARD;
void base_done(struct base *b);

#endif
