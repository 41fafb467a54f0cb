/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_DEPOT_H
#define IMAGES_DEPOT_H

/*
 * Where images that exist already are written to, whatever the kind: the other side of
 * images/store.h.  Blobs first, then the documents that name them, the root last: only it gives the
 * image its name.  What was put without a root leaves nothing in a layout, and in a registry blobs
 * that nobody refers to, which its garbage collection removes.
 */

#include <stdbool.h>

#include "base/attr.h"
#include "images/ref.h"

struct blob;
struct depot;
struct descriptor;
struct document;
struct err;
struct registry_opts;
struct staged;

/* One kind; each has a file depot_<kind>.c, whose struct begins with struct depot. */
struct depot_kind {
    int (*has_blob)(struct depot *d, const struct descriptor *blob, const struct ref *source,
                    struct err *err);
    int (*stage)(struct depot *d, struct staged *out, struct err *err);
    int (*put_blob)(struct depot *d, struct blob *b, struct err *err);
    int (*put_document)(struct depot *d, const struct document *doc, bool root, struct err *err);
    void (*free)(struct depot *d);
};

struct depot {
    const struct depot_kind *kind;
    struct ref ref;
    const char *expected; /* depot_expect()'s, or NULL */
};

/* Only the name is looked at; kinds that cannot be written to are ERR_UNSUPPORTED.  A layout's tag
 * is "latest" when none is named.  NULL with err. */
struct depot *depot_new(const char *text, const struct registry_opts *opts, struct err *err);
void depot_close(struct depot *d); /* NULL is fine */
void depot_closep(struct depot **d);
#define cleanup_depot __attribute__((cleanup(depot_closep)))

/* 1 when the blob is there, 0 when not, -1 with err.  A registry takes it over from source when
 * that is a repository of its own. */
int depot_has_blob(struct depot *d, const struct descriptor *blob, const struct ref *source,
                   struct err *err) NODISCARD;

/* A file for a blob's bytes, on the file system where they will stay if they do. */
int depot_stage(struct depot *d, struct staged *out, struct err *err) NODISCARD;

/* Its file may be taken over.  media_type does not count. */
int depot_put_blob(struct depot *d, struct blob *b, struct err *err) NODISCARD;

/* The root is put only while its name stands for that digest, "" for nothing; else
 * depot_put_document() is ERR_EXISTS.  A layout knows for sure; a registry can only be asked before
 * and after, as it has no lock.  Borrowed. */
void depot_expect(struct depot *d, const char *digest);

/* The exact bytes; root: under the name that the depot was opened with. */
int depot_put_document(struct depot *d, const struct document *doc, bool root,
                       struct err *err) NODISCARD;

/* The kinds, for depot.c alone; ref is borrowed for the call. */
struct depot *depot_layout_new(const struct ref *ref, const struct registry_opts *opts,
                               struct err *err);
struct depot *depot_registry_new(const struct ref *ref, const struct registry_opts *opts,
                                 struct err *err);

#endif
