/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_LAYER_READ_H
#define IMAGES_LAYER_READ_H

/*
 * The entries of a layer's blob as a stream: decompressed, hashed, taken out of the tar, and held
 * to the rules of image-spec layer.md and of common sense.  Refused by name: absolute paths and
 * "..", empty names, names that are not UTF-8 or longer than 255 bytes, whiteouts of nothing, of
 * "." and
 * "..", what would lie below a whiteout, hard links that lead out of the root.
 *
 * Digest and diffID are known to be right only when layer_read() returns 0: what a visitor has made
 * until then must be taken back otherwise.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "images/inflate.h"
#include "images/tar_read.h"

struct descriptor;
struct err;
struct limits;
struct store;

enum layer_kind {
    LAYER_ENTRY,    /* an entry of the type that its raw part has */
    LAYER_WHITEOUT, /* what lower layers have at path is gone */
    LAYER_OPAQUE    /* so is what they have in the folder at path */
};

struct layer_entry {
    const char *path; /* without "." and doubled slashes, no slash at either end; "" is the root */
    enum layer_kind kind;
    const char *link;                 /* of a hard link: the path of its file, in the same form */
    const struct tar_read_entry *raw; /* all else */
};

/* Borrowed for the call.  data may be NULL. */
struct layer_visitor {
    int (*entry)(void *ctx, const struct layer_entry *e, struct err *err);
    int (*data)(void *ctx, const void *p, size_t n, struct err *err);
    void *ctx;
};

struct layer_facts {
    enum inflate_kind kind;
    uint64_t size; /* uncompressed */
    bool trailer;  /* bytes follow the compressed stream or the tar */
    bool no_end;   /* the tar has no end blocks */
};

/* Whether a media type is that of a layer's tar, of OCI or of Docker. */
bool layer_read_is_type(const char *media_type);

/* Reads all of it.  diff_id ("sha256:...") is what the config says of the uncompressed bytes.
 * ERR_DIGEST when content and digests do not match, ERR_INVALID for what breaks a rule, ERR_LIMIT,
 * or what the visitor said.  facts may be NULL. */
int layer_read(struct store *s, const struct descriptor *d, const char *diff_id,
               struct limits *limits, const struct layer_visitor *v, struct layer_facts *facts,
               struct err *err) NODISCARD;

/* The rules alone, for a tar that is pushed (tar_read.h): where its visitor's calls go; ctx is a
 * struct layer_rules. */
struct layer_rules {
    const struct layer_visitor *visitor;
    struct limits *limits;
};
int layer_read_entry(void *ctx, const struct tar_read_entry *raw, struct err *err) NODISCARD;

/* path as layer_entry has it, malloc'ed, or NULL with err. */
char *layer_read_clean(const char *path, const struct limits *limits, struct err *err);

#endif
