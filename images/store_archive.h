/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_STORE_ARCHIVE_H
#define IMAGES_STORE_ARCHIVE_H

/* What the two kinds of archives share: a tar file that holds blobs/sha256/. */

#include "base/attr.h"
#include "images/store.h"
#include "images/tar_index.h"

struct archive {
    struct store store;
    struct tar_index tar;
};

/* The archive of a reference, in size bytes that begin with struct archive, all else zero; the
 * caller sets the store's kind.  NULL with err. */
struct archive *store_archive_open(const struct ref *ref, size_t size, struct err *err);
void store_archive_free(struct archive *a);

/* As struct store_kind's. */
int store_archive_blob(struct store *s, const struct descriptor *d, const struct sink *out,
                       struct err *err) NODISCARD;

#endif
