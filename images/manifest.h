/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_MANIFEST_H
#define IMAGES_MANIFEST_H

/* The image manifest (image-spec manifest.md): config and layers by their descriptors. */

#include <stddef.h>

#include "base/attr.h"

struct blob;
struct err;
struct json_t;
struct layer;

/* ECR refuses larger ones, and distribution-spec asks registries for no more. */
enum { MANIFEST_SIZE_MAX = 4 * 1024 * 1024 };

/* annotations is an object of strings, borrowed; an empty one or NULL is left away. */
int manifest_write(const struct blob *config, const struct layer *layers, size_t n,
                   const struct json_t *annotations, struct blob *out, struct err *err) NODISCARD;

#endif
