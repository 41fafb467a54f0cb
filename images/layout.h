/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_LAYOUT_H
#define IMAGES_LAYOUT_H

/*
 * An OCI layout on disk (image-spec image-layout.md): oci-layout, index.json, blobs/sha256/.
 *
 * A folder is taken when it is a layout, when it is empty or when it is not there yet; anything
 * else is refused.  Blobs get their name only when they are complete, and index.json is replaced in
 * one step under the folder's lock, after the blobs: a reader sees the layout before or after, and
 * two writers do not lose each other's tags.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"

struct blob;
struct err;
struct image;
struct json_t;
struct sink;

enum { LAYOUT_INDEX_MAX = 16 * 1024 * 1024 };

struct layout {
    char *dir;
    bool made;    /* by us: removed again when nothing is published */
    bool filled;  /* a folder without anything: emptied again then */
    bool settled; /* something was published */
};

#define LAYOUT_INIT               \
    {                             \
        NULL, false, false, false \
    }
#define cleanup_layout __attribute__((cleanup(layout_close)))

/* For writing: checks what is there and makes what is missing. */
int layout_create(const char *dir, struct layout *out, struct err *err) NODISCARD;

/* Moves the image's staged blobs to their names and enters it under tag, in place of what had that
 * tag.  Layers must have been staged in the layout's own folder. */
int layout_publish(struct layout *l, struct image *image, const char *tag,
                   struct err *err) NODISCARD;

/* The same for n blobs and an index entry for one of them, which is taken; the entry names its tag
 * itself.  expected, or NULL, is the digest that the tag must stand for until now, "" for none:
 * ERR_EXISTS when somebody was faster. */
int layout_publish_blobs(struct layout *l, struct blob *const *blobs, size_t n,
                         struct json_t *entry, const char *tag, const char *expected,
                         struct err *err) NODISCARD;

/* True when the blob is there, whole: its bytes are read. */
bool layout_has_blob(const char *dir, const char *digest, uint64_t size);

void layout_close(struct layout *l);

/* index.json, parsed and checked; NULL with err.  A folder without oci-layout is ERR_INVALID; a
 * layout that has no index.json yet gives an empty index when may_be_new, else ERR_NOT_FOUND. */
struct json_t *layout_read_index(const char *dir, bool may_be_new, struct err *err);

/* A blob by its digest ("sha256:...", checked before), all its bytes into out; the content is not
 * checked here, images/store.h does. */
int layout_stream_blob(const char *dir, const char *digest, const struct sink *out,
                       struct err *err) NODISCARD;

#endif
