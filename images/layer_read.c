/* SPDX-License-Identifier: Apache-2.0 */
#include "images/layer_read.h"

#include <string.h>

#include "aws/digest.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "images/descriptor.h"
#include "images/interrupt.h"
#include "images/limits.h"
#include "images/store.h"

#define WHITEOUT_PREFIX ".wh."
#define OPAQUE_NAME     ".wh..wh..opq"

enum { NAME_BYTES_MAX = 255, PREFIX_N = 4 };

bool
layer_read_is_type(const char *media_type)
{
    static const char *const types[] = {
        "application/vnd.oci.image.layer.v1.tar",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
        "application/vnd.docker.image.rootfs.diff.tar",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "application/vnd.docker.image.rootfs.diff.tar.zstd",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    };

    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (strcmp(media_type, types[i]) == 0)
            return true;
    return false;
}

/* ---- names ---- */

static int
check_part(struct str part, struct err *err)
{
    if (str_eq(part, ".."))
        return err_set(err, ERR_INVALID, "'..' in a path");
    if (part.n > NAME_BYTES_MAX)
        return err_set(err, ERR_INVALID, "a name of %zu bytes, Linux has at most %d", part.n,
                       NAME_BYTES_MAX);
    return 0;
}

char *
layer_read_clean(const char *path, const struct limits *limits, struct err *err)
{
    size_t n = strlen(path);
    cleanup_free char *clean = NULL;
    struct str rest = {path, n};
    char *at;

    if (n == 0 || path[0] == '/') {
        err_set(err, ERR_INVALID, n == 0 ? "an empty name" : "an absolute path");
        return NULL;
    }
    if (n > limits->path) {
        err_set(err, ERR_LIMIT, "a path of %zu bytes, at most %llu are read: --max-path", n,
                (unsigned long long)limits->path);
        return NULL;
    }
    if (!utf8_is_valid(rest)) {
        err_set(err, ERR_INVALID, "a name that is not UTF-8");
        return NULL;
    }
    clean = mem_alloc(n + 1);
    at = clean;
    while (rest.p != NULL) {
        struct str part = str_cut(&rest, '/');

        if (part.n == 0 || str_eq(part, "."))
            continue;
        if (check_part(part, err) < 0)
            return NULL;
        if (at != clean)
            *at++ = '/';
        memcpy(at, part.p, part.n);
        at += part.n;
    }
    return steal_ptr(&clean);
}

/* Makes a path that is a whiteout that of what it hides.  Nothing may lie below a name with the
 * prefix. */
static int
read_whiteout(char *path, const struct tar_read_entry *raw, enum layer_kind *kind, struct err *err)
{
    char *slash = strrchr(path, '/');
    char *name = slash != NULL ? slash + 1 : path;

    *kind = LAYER_ENTRY;
    if (slash != NULL &&
        (strncmp(path, WHITEOUT_PREFIX, PREFIX_N) == 0 ||
         (size_t)(strstr(path, "/" WHITEOUT_PREFIX) - path) < (size_t)(slash - path)))
        return err_set(err, ERR_INVALID, "something below a whiteout");
    if (strncmp(name, WHITEOUT_PREFIX, PREFIX_N) != 0)
        return 0;
    if (raw->type != TAR_READ_FILE || raw->size != 0)
        return err_set(err, ERR_INVALID, "a whiteout that is no empty file");
    if (strcmp(name, OPAQUE_NAME) == 0) {
        *(slash != NULL ? slash : path) = '\0';
        *kind = LAYER_OPAQUE;
        return 0;
    }
    name += PREFIX_N;
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return err_set(err, ERR_INVALID, "a whiteout of %s", name[0] == '\0' ? "nothing" : name);
    if (strncmp(name, WHITEOUT_PREFIX, PREFIX_N) == 0)
        return err_set(err, ERR_INVALID, "a whiteout of a whiteout");
    memmove(name - PREFIX_N, name, strlen(name) + 1);
    *kind = LAYER_WHITEOUT;
    return 0;
}

/* Some builders write the links of their files with a slash before it; it means the image's root.
 */
static char *
clean_link(const char *target, const struct limits *limits, struct err *err)
{
    while (target[0] == '/')
        target++;
    return layer_read_clean(target, limits, err);
}

static int
check_symlink(const struct tar_read_entry *raw, struct err *err)
{
    if (raw->target[0] == '\0')
        return err_set(err, ERR_INVALID, "a symbolic link to nothing");
    if (strlen(raw->target) > LIMITS_PATH)
        return err_set(err, ERR_INVALID, "a symbolic link of more than %d bytes", LIMITS_PATH);
    if (!utf8_is_valid(str_from(raw->target)))
        return err_set(err, ERR_INVALID, "a symbolic link that is not UTF-8");
    return 0;
}

static int
forward(const struct layer_rules *r, const struct tar_read_entry *raw, struct err *err)
{
    cleanup_free char *path = layer_read_clean(raw->path, r->limits, err);
    cleanup_free char *link = NULL;
    struct layer_entry e = {.raw = raw};

    if (path == NULL || read_whiteout(path, raw, &e.kind, err) < 0)
        return -1;
    e.path = path;
    if (path[0] == '\0' && e.kind == LAYER_ENTRY && raw->type != TAR_READ_FOLDER)
        return err_set(err, ERR_INVALID, "the root is no folder");
    if (raw->type == TAR_READ_SYMLINK && check_symlink(raw, err) < 0)
        return -1;
    if (raw->type == TAR_READ_HARDLINK) {
        link = clean_link(raw->target, r->limits, err);
        if (link == NULL)
            return err_wrap(err, "its hard link");
        e.link = link;
    }
    return r->visitor->entry(r->visitor->ctx, &e, err);
}

/* Names in errors come from strangers: clipped, and without what moves a terminal's cursor. */
static void
show_name(const char *path, char out[128])
{
    size_t n = 0;

    for (; n < 120 && path[n] != '\0'; n++) {
        unsigned char c = (unsigned char)path[n];

        out[n] = c < 0x20 || c >= 0x7F ? '?' : (char)c;
    }
    memcpy(out + n, path[n] != '\0' ? "..." : "", path[n] != '\0' ? 4 : 1);
}

int
layer_read_entry(void *ctx, const struct tar_read_entry *raw, struct err *err)
{
    const struct layer_rules *r = ctx;
    char name[128];

    if (limits_count_entry(r->limits, err) < 0)
        return -1;
    if (forward(r, raw, err) == 0)
        return 0;
    show_name(raw->path, name);
    return err_wrap(err, "'%s'", name);
}

static int
pass_data(void *ctx, const void *p, size_t n, struct err *err)
{
    const struct layer_rules *r = ctx;

    return r->visitor->data == NULL ? 0 : r->visitor->data(r->visitor->ctx, p, n, err);
}

/* ---- the pipeline: blob, decompression, diffID, tar, rules ---- */

struct pipe {
    struct inflate *inflate;
    struct digest *diff_id;
    struct tar_read *tar;
    uint64_t size;
};

static int
take_tar(void *ctx, const void *p, size_t n, struct err *err)
{
    struct pipe *pipe = ctx;

    pipe->size += n;
    digest_update(pipe->diff_id, p, n);
    return tar_read_write(pipe->tar, p, n, err);
}

static int
take_blob(void *ctx, const void *p, size_t n, struct err *err)
{
    struct pipe *pipe = ctx;

    if (interrupt_check(err) < 0)
        return -1;
    return inflate_write(pipe->inflate, p, n, err);
}

static int
check_diff_id(const struct pipe *pipe, const char *diff_id, struct err *err)
{
    char hex[DIGEST_SHA256_HEX];

    digest_finish_hex(pipe->diff_id, hex);
    if (strcmp(hex, diff_id + BLOB_HEX_OFFSET) != 0)
        return err_set(err, ERR_DIGEST, "its content is not the config's diffID %s but sha256:%s",
                       diff_id, hex);
    return 0;
}

static int
run_pipe(struct store *s, const struct descriptor *d, const char *diff_id, struct pipe *pipe,
         struct err *err)
{
    const struct sink sink = {take_blob, pipe};

    if (store_blob(s, d, &sink, err) < 0 || inflate_finish(pipe->inflate, err) < 0 ||
        tar_read_finish(pipe->tar, err) < 0)
        return -1;
    return check_diff_id(pipe, diff_id, err);
}

int
layer_read(struct store *s, const struct descriptor *d, const char *diff_id, struct limits *limits,
           const struct layer_visitor *v, struct layer_facts *facts, struct err *err)
{
    struct layer_rules rules = {v, limits};
    const struct tar_read_visitor visitor = {layer_read_entry, pass_data, &rules};
    cleanup_tar_read struct tar_read *tar = tar_read_new(&visitor, limits->pax_kib << 10);
    cleanup_digest struct digest *digest = digest_new();
    struct pipe pipe = {NULL, digest, tar, 0};
    const struct sink sink = {take_tar, &pipe};
    cleanup_inflate struct inflate *inflate = inflate_new(&sink, limits);

    pipe.inflate = inflate;
    if (!layer_read_is_type(d->media_type))
        return err_set(err, ERR_UNSUPPORTED, "'%s' is not the type of a layer", d->media_type);
    if (run_pipe(s, d, diff_id, &pipe, err) < 0)
        return -1;
    if (facts != NULL)
        *facts = (struct layer_facts){inflate_kind(inflate), pipe.size,
                                      inflate_has_trailer(inflate) || tar_read_has_trailer(tar),
                                      !tar_read_has_end(tar)};
    return 0;
}
