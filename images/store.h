/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_STORE_H
#define IMAGES_STORE_H

/*
 * Where images are read from, whatever the kind: a layout, an archive, a registry, a daemon.  What
 * comes out is checked here, once for all kinds: sizes against limits before memory is taken, and
 * size and digest of everything that has a descriptor while it streams.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "images/document.h"
#include "images/ref.h"
#include "images/sink.h"

struct err;
struct platform;
struct registry_opts;
struct store;

enum {
    STORE_CONFIG_MAX = 8 * 1024 * 1024,
    STORE_DEPTH_MAX = 4 /* of indexes in indexes */
};

/* One kind; each has a file store_<kind>.c, whose struct begins with struct store. */
struct store_kind {
    /* What the reference names: bytes of a manifest or an index.  Called once, first. */
    int (*root)(struct store *s, struct document *out, struct err *err);
    /* A manifest or an index by its descriptor, its bytes into out; a registry keeps these apart
     * from blobs.  NULL: as blobs. */
    int (*manifest)(struct store *s, const struct descriptor *d, const struct sink *out,
                    struct err *err);
    /* All bytes of a blob, in order; whoever asked checks them. */
    int (*blob)(struct store *s, const struct descriptor *d, const struct sink *out,
                struct err *err);
    void (*free)(struct store *s);
};

struct store {
    const struct store_kind *kind;
    struct ref ref;
};

/* NULL with err.  Kinds that cannot be read are ERR_UNSUPPORTED. */
struct store *store_open(const char *text, struct err *err);
/* The same with what a registry is to be asked with; other kinds do not look at it. */
struct store *store_open_with(const char *text, const struct registry_opts *opts, struct err *err);
/* The same for a source of what goes to target: IMAGEGEN_CREDS are for the target's registry, when
 * that is another one. */
struct store *store_open_for(const char *text, const struct registry_opts *opts,
                             const struct ref *target, struct err *err);
void store_close(struct store *s); /* NULL is fine */
void store_closep(struct store **s);
#define cleanup_store __attribute__((cleanup(store_closep)))

/* The manifest or index that the reference names. */
int store_root(struct store *s, struct document *out, struct err *err) NODISCARD;

/* A manifest or index that root, or an index below it, has an entry of. */
int store_manifest(struct store *s, const struct descriptor *d, struct document *out,
                   struct err *err) NODISCARD;

/* From root down to the one manifest for a platform; NULL means linux on this machine's processor.
 * A reference that names a manifest gives that, whatever its platform. */
int store_image(struct store *s, const struct platform *p, struct document *out,
                struct err *err) NODISCARD;

/* Streams a blob into out.  ERR_DIGEST when size or digest is another than the descriptor's: what
 * out has got until then must not be used. */
int store_blob(struct store *s, const struct descriptor *d, const struct sink *out,
               struct err *err) NODISCARD;

/* The config of a manifest, parsed; NULL with err. */
struct json_t *store_config(struct store *s, const struct document *manifest, struct err *err);

#endif
