/* SPDX-License-Identifier: Apache-2.0 */
#include "images/validate.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "images/document.h"
#include "images/image_read.h"
#include "images/index.h"
#include "images/layer_read.h"
#include "images/layout.h"
#include "images/limits.h"
#include "images/listing.h"
#include "images/ref.h"
#include "images/rootfs.h"
#include "images/store.h"
#include "images/validate_document.h"
#include "json/json.h"

struct run {
    struct store *store;
    struct limits limits; /* as given; each image starts with them */
    struct buf *out;
    struct validate_result result;
    char (*seen)[BLOB_DIGEST_MAX]; /* blobs that somebody refers to */
    size_t n_seen, cap_seen;
    const char *subject; /* digest of the document at hand */
};

/* ---- findings ---- */

static void
put_line(struct run *run, const char *kind, const char *where, const char *what)
{
    buf_append_str(run->out, kind);
    listing_name(where, run->out);
    buf_append_str(run->out, ": ");
    listing_name(what, run->out);
    buf_append_char(run->out, '\n');
}

static void
finding(struct run *run, const char *where, const struct err *e)
{
    run->result.findings++;
    put_line(run, "", where, e->msg);
}

static void
take_finding(void *ctx, const struct err *e)
{
    struct run *run = ctx;

    finding(run, run->subject, e);
}

/* Whether it is new. */
static bool
remember(struct run *run, const struct descriptor *d)
{
    for (size_t i = 0; i < run->n_seen; i++)
        if (strcmp(run->seen[i], d->digest) == 0)
            return false;
    if (run->n_seen == run->cap_seen) {
        run->cap_seen = run->cap_seen * 2 + 64;
        run->seen = mem_realloc(run->seen, run->cap_seen, sizeof(*run->seen));
    }
    memcpy(run->seen[run->n_seen++], d->digest, BLOB_DIGEST_MAX);
    run->result.blobs++;
    run->result.bytes += d->size;
    return true;
}

/* ---- layers ---- */

static int
apply(void *ctx, const struct layer_entry *e, struct err *err)
{
    return rootfs_apply(ctx, e, NULL, err);
}

static bool
type_fits(const char *type, enum inflate_kind kind)
{
    const char *dot = strrchr(type, '.'), *plus = strrchr(type, '+');
    const char *suffix = plus != NULL ? plus + 1 : dot != NULL ? dot + 1 : "";
    static const char *const words[] = {
        [INFLATE_NONE] = "tar", [INFLATE_GZIP] = "gzip", [INFLATE_ZSTD] = "zstd"};

    return strcmp(suffix, words[kind]) == 0;
}

static void
check_facts(struct run *run, const struct descriptor *d, const struct layer_facts *facts)
{
    static const char *const words[] = {
        [INFLATE_NONE] = "not compressed", [INFLATE_GZIP] = "gzip", [INFLATE_ZSTD] = "zstd"};
    struct err e = ERR_INIT;

    if (!type_fits(d->media_type, facts->kind)) {
        err_set(&e, ERR_INVALID, "it is %s, but called '%s'", words[facts->kind], d->media_type);
        finding(run, d->digest, &e);
    }
    if (facts->trailer) {
        err_set(&e, ERR_INVALID, "bytes follow the layer's end, where nobody looks for them");
        finding(run, d->digest, &e);
    }
    if (facts->no_end)
        put_line(run, "note: ", d->digest, "the tar has no end blocks");
}

static int
swallow(void *ctx, const void *p, size_t n, struct err *err)
{
    (void)ctx;
    (void)p;
    (void)n;
    (void)err;
    return 0;
}

/* Size and digest alone. */
static void
check_blob(struct run *run, const struct descriptor *d)
{
    const struct sink sink = {swallow, NULL};
    struct err e = ERR_INIT;

    if (remember(run, d) && store_blob(run->store, d, &sink, &e) < 0)
        finding(run, d->digest, &e);
}

static void
check_layers(struct run *run, const struct document *manifest, const struct json_t *config)
{
    cleanup_rootfs struct rootfs *r = rootfs_new(NULL);
    const struct layer_visitor v = {apply, NULL, r};
    struct limits limits = run->limits;

    for (size_t i = 0; i < document_count(manifest); i++) {
        struct layer_facts facts;
        struct err e = ERR_INIT;
        struct descriptor d;

        rootfs_begin_layer(r);
        if (document_item(manifest, i, &d, &e) < 0) {
            finding(run, manifest->descriptor.digest, &e);
            continue;
        }
        remember(run, &d);
        if (layer_read(run->store, &d, image_read_diff_id(config, i), &limits, &v, &facts, &e) < 0)
            finding(run, d.digest, &e);
        else
            check_facts(run, &d, &facts);
    }
}

/* ---- documents ---- */

static bool
is_image_config(const char *type)
{
    return type[0] == '\0' || strcmp(type, BLOB_CONFIG) == 0 ||
           strcmp(type, "application/vnd.docker.container.image.v1+json") == 0;
}

static void
check_manifest(struct run *run, const struct document *m)
{
    const struct validate_sink sink = {take_finding, run};
    cleanup_json struct json_t *config = NULL;
    struct descriptor d;
    struct err e = ERR_INIT;

    if (document_config(m, &d, &e) < 0) {
        finding(run, run->subject, &e);
        return;
    }
    if (is_image_config(d.media_type)) {
        run->result.images++;
        remember(run, &d);
        config = store_config(run->store, m, &e);
        if (config == NULL || image_read_check(m, config, &e) < 0) {
            finding(run, d.digest, &e);
            json_free(config);
            config = NULL;
        } else {
            run->subject = d.digest;
            validate_document_config(config, &sink);
            check_layers(run, m, config);
            return;
        }
    } else { /* an artifact, whose layers are no file systems */
        check_blob(run, &d);
    }
    for (size_t i = 0; i < document_count(m); i++)
        if (document_item(m, i, &d, &e) == 0)
            check_blob(run, &d);
}

static void check_document(struct run *run, const struct document *d, int depth);

static void
check_entry(struct run *run, const struct descriptor *d, int depth)
{
    cleanup_document struct document child = DOCUMENT_INIT;
    struct err e = ERR_INIT;

    if (depth > STORE_DEPTH_MAX) {
        err_set(&e, ERR_LIMIT, "indexes within indexes, more than %d deep", STORE_DEPTH_MAX);
        finding(run, d->digest, &e);
        return;
    }
    if (d->media_type[0] != '\0' && !descriptor_is_index(d) && !descriptor_is_manifest(d)) {
        check_blob(run, d);
        return;
    }
    if (!remember(run, d))
        return;
    if (store_manifest(run->store, d, &child, &e) < 0)
        finding(run, d->digest, &e);
    else
        check_document(run, &child, depth);
}

static void
check_document(struct run *run, const struct document *d, int depth)
{
    const struct validate_sink sink = {take_finding, run};
    char subject[BLOB_DIGEST_MAX];

    memcpy(subject, d->descriptor.digest, sizeof(subject));
    run->subject = subject;
    validate_document(d, &sink);
    if (!descriptor_is_index(&d->descriptor)) {
        check_manifest(run, d);
        return;
    }
    for (size_t i = 0; i < document_count(d); i++) {
        struct descriptor item;
        struct err e = ERR_INIT;

        if (document_item(d, i, &item, &e) == 0)
            check_entry(run, &item, depth + 1);
    }
}

/* ---- a whole layout ---- */

static bool
is_seen(const struct run *run, const char *hex)
{
    for (size_t i = 0; i < run->n_seen; i++)
        if (strcmp(run->seen[i] + BLOB_HEX_OFFSET, hex) == 0)
            return true;
    return false;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
note_orphans(struct run *run, const char *dir)
{
    cleanup_free char *folder = fs_join(dir, "blobs/sha256");
    DIR *d = opendir(folder);
    const struct dirent *e;
    char **names = NULL;
    size_t n = 0;

    while (d != NULL && (e = readdir(d)) != NULL)
        if (e->d_name[0] != '.' && !is_seen(run, e->d_name)) {
            names = mem_realloc(names, n + 1, sizeof(char *));
            names[n++] = mem_strdup(e->d_name);
        }
    if (d != NULL)
        closedir(d);
    if (n > 1)
        qsort(names, n, sizeof(char *), compare_names);
    for (size_t i = 0; i < n; i++) {
        put_line(run, "note: ", names[i], "nobody refers to this blob");
        free(names[i]);
    }
    free(names);
}

static int
check_layout(struct run *run, const char *dir, struct err *err)
{
    cleanup_json struct json_t *index = layout_read_index(dir, false, err);
    struct json_cur root = json_root(index);
    struct json_cur list = json_at(&root, "manifests");

    if (index == NULL)
        return -1;
    for (size_t i = 0; i < json_len(&list); i++) {
        struct json_cur item = json_item(&list, i);
        struct descriptor d;

        if (descriptor_read(&item, &d, err) < 0)
            return -1;
        check_entry(run, &d, 0);
    }
    note_orphans(run, dir);
    return 0;
}

static int
check_image(struct run *run, struct err *err)
{
    cleanup_document struct document d = DOCUMENT_INIT;

    if (store_root(run->store, &d, err) < 0)
        return -1;
    remember(run, &d.descriptor);
    check_document(run, &d, 0);
    return 0;
}

int
validate_image(const char *name, struct limits *limits, struct buf *out,
               struct validate_result *result, struct err *err)
{
    cleanup_store struct store *store = store_open(name, err);
    struct run run = {.store = store, .out = out, .limits = *limits};
    int done;

    if (store == NULL)
        return -1;
    limits_fill(&run.limits);
    if (store->ref.transport == REF_OCI && store->ref.tag == NULL)
        done = check_layout(&run, store->ref.path, err);
    else
        done = check_image(&run, err);
    free(run.seen);
    *result = run.result;
    return done;
}
