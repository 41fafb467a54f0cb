/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_INDEX_H
#define IMAGES_INDEX_H

/* The image index (image-spec image-index.md), as index.json of a layout and of archives. */

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct descriptor;
struct err;
struct image;
struct json_t;

#define INDEX_MEDIA_TYPE "application/vnd.oci.image.index.v1+json"
#define INDEX_TAG_KEY    "org.opencontainers.image.ref.name"

/* An index without entries. */
struct json_t *index_new(void);

/* Parses and checks what will be relied on; unknown fields stay.  NULL with err. */
struct json_t *index_parse(struct str text, const char *name, struct err *err);

/* The index with the image under tag, in place of entries of that tag; all else is kept. full_name,
 * or NULL, is what containerd calls it.  A new reference. */
struct json_t *index_with(const struct json_t *index, const struct image *image, const char *tag,
                          const char *full_name);

/* The same with an entry that is made already; it is taken. */
struct json_t *index_with_entry(const struct json_t *index, struct json_t *fresh, const char *tag);

/* The descriptor of a tag, or the only entry when tag is NULL; ERR_NOT_FOUND with the tags that are
 * there. */
int index_find(const struct json_t *index, const char *tag, struct descriptor *out,
               struct err *err) NODISCARD;

#endif
