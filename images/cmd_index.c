/* SPDX-License-Identifier: Apache-2.0 */
#include "images/cmd.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "images/copy.h"
#include "images/depot.h"
#include "images/document.h"
#include "images/index.h"
#include "images/interrupt.h"
#include "images/manifest.h"
#include "images/pairs.h"
#include "images/platform.h"
#include "images/registry.h"
#include "images/store.h"
#include "json/json.h"

struct index_opts {
    const char *output;
    const char *ca_file;
    struct cli_list annotations;
};

/* The index in the making. */
struct making {
    struct depot *depot;
    struct json_t *entries; /* borrowed */
    struct copy_result copied;
};

/* A string; of features an array of them. */
static int
check_word(const struct json_cur *value, const char *key, struct err *err)
{
    const char *unused;

    if (strcmp(key, "os.features") != 0)
        return json_get_str(value, &unused, err);
    if (json_need_array(value, err) < 0)
        return -1;
    for (size_t i = 0; i < json_len(value); i++) {
        struct json_cur item = json_item(value, i);

        if (json_get_str(&item, &unused, err) < 0)
            return -1;
    }
    return 0;
}

static int
read_platform(struct store *s, const struct document *image, struct json_t *out, struct err *err)
{
    static const char *const keys[] = {"architecture", "os", "os.version", "os.features",
                                       "variant"};
    cleanup_json struct json_t *config = store_config(s, image, err);
    struct json_cur root = json_root(config);

    if (config == NULL)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct json_cur value = json_at(&root, keys[i]);

        if ((i < 2 || value.v != NULL) && check_word(&value, keys[i], err) < 0)
            return err_wrap(err, "config");
        if (value.v != NULL)
            json_put(out, keys[i], json_clone(value.v));
    }
    return 0;
}

/* A client takes the first that fits: a second one would never be seen. */
static int
check_is_new(const struct making *m, const struct json_t *platform, struct err *err)
{
    struct json_cur entries = json_root(m->entries);

    for (size_t i = 0; i < json_len(&entries); i++) {
        struct json_cur entry = json_item(&entries, i);
        struct json_cur has = json_at(&entry, "platform");

        if (json_same(has.v, platform))
            return err_set(err, ERR_INVALID, "an image for the same platform was named before");
    }
    return 0;
}

static int
add_image(struct making *m, struct store *s, const struct document *image, struct err *err)
{
    struct json_t *platform = json_new_object();
    struct json_t *entry = json_new_object();

    json_put_str(entry, "mediaType", image->descriptor.media_type);
    json_put_str(entry, "digest", image->descriptor.digest);
    json_put_int(entry, "size", (int64_t)image->descriptor.size);
    json_put(entry, "platform", platform);
    if (read_platform(s, image, platform, err) < 0 || check_is_new(m, platform, err) < 0 ||
        copy_part(s, m->depot, image, &m->copied, err) < 0) {
        json_free(entry);
        return -1;
    }
    json_push(m->entries, entry);
    return 0;
}

/* The images of an index, each for itself. */
static int
add_images_of(struct making *m, struct store *s, const struct document *index, struct err *err)
{
    if (document_count(index) == 0)
        return err_set(err, ERR_INVALID, "it is an index that names no image");
    for (size_t i = 0; i < document_count(index); i++) {
        cleanup_document struct document image = DOCUMENT_INIT;
        struct descriptor d;

        if (document_item(index, i, &d, err) < 0)
            return -1;
        if (!descriptor_is_manifest(&d))
            return err_set(err, ERR_UNSUPPORTED, "entry %zu is no image but '%s'", i + 1,
                           d.media_type);
        if (store_manifest(s, &d, &image, err) < 0 || add_image(m, s, &image, err) < 0)
            return -1;
    }
    return 0;
}

static int
add(struct making *m, const char *name, const struct registry_opts *opts, struct err *err)
{
    cleanup_store struct store *s = store_open_for(name, opts, &m->depot->ref, err);
    cleanup_document struct document root = DOCUMENT_INIT;

    if (s == NULL)
        return -1;
    if (store_root(s, &root, err) < 0 ||
        (descriptor_is_index(&root.descriptor) ? add_images_of(m, s, &root, err)
                                               : add_image(m, s, &root, err)) < 0)
        return err_wrap(err, "%s", name);
    return 0;
}

static int
put_index(struct making *m, struct json_t *index, char digest[BLOB_DIGEST_MAX], struct err *err)
{
    cleanup_document struct document doc = DOCUMENT_INIT;
    cleanup_buf struct buf text = BUF_INIT(MANIFEST_SIZE_MAX);

    json_write(index, JSON_SORTED, &text);
    if (buf_finish(&text, err) < 0 ||
        document_parse(buf_view(&text), INDEX_MEDIA_TYPE, "index", &doc, err) < 0)
        return -1;
    memcpy(digest, doc.descriptor.digest, BLOB_DIGEST_MAX);
    if (interrupt_check(err) < 0)
        return -1;
    return depot_put_document(m->depot, &doc, true, err);
}

static int
read_annotations(const struct cli_list *list, struct json_t *index, struct err *err)
{
    struct json_t *annotations = json_new_object();

    for (size_t i = 0; i < list->n; i++) {
        if (pairs_add(annotations, list->v[i], err) < 0) {
            json_free(annotations);
            err->code = ERR_USAGE;
            return err_wrap(err, "--annotation");
        }
    }
    if (json_size(annotations) > 0)
        json_put(index, "annotations", annotations);
    else
        json_free(annotations);
    return 0;
}

static int
make_index(const void *data, int n, char **names, struct err *err)
{
    const struct index_opts *o = data;
    const struct registry_opts opts = {o->ca_file, false};
    cleanup_json struct json_t *index = index_new();
    cleanup_buf struct buf line = BUF_INIT(2 * BLOB_DIGEST_MAX);
    cleanup_depot struct depot *depot = NULL;
    struct making m = {.entries = json_new_array()};
    char digest[BLOB_DIGEST_MAX];

    json_put(index, "manifests", m.entries);
    if (o->output == NULL)
        return err_set(err, ERR_USAGE, "--output TARGET is missing, such as -o oci:image:latest");
    if (read_annotations(&o->annotations, index, err) < 0)
        return -1;
    depot = depot_new(o->output, &opts, err);
    if (depot == NULL)
        return err_wrap(err, "--output");
    m.depot = depot;
    for (int i = 0; i < n; i++)
        if (add(&m, names[i], &opts, err) < 0)
            return -1;
    if (put_index(&m, index, digest, err) < 0)
        return err_wrap(err, "%s", o->output);
    buf_appendf(&line, "%s\n", digest);
    return fs_write_fd(STDOUT_FILENO, "standard output", line.p, line.n, err);
}

static int
run(const void *opts, int n_operands, char **operands, struct err *err)
{
    return interrupt_run(make_index, opts, n_operands, operands, err);
}

#define AT(field) offsetof(struct index_opts, field)

static const struct cli_opt options[] = {
    {"output", 'o', CLI_STR, AT(output), "TARGET",
     "Where the index goes: oci:DIR[:TAG], or a name in a registry.", 0, 0, NULL},
    {"annotation", 'a', CLI_LIST, AT(annotations), "KEY=VALUE", "An annotation on the index.", 0, 0,
     NULL},
    {"ca-file", 0, CLI_STR, AT(ca_file), "FILE",
     "Trust the certificate authorities in FILE instead of the machine's.", 0, 0, NULL},
    {NULL, 0, CLI_FLAG, 0, NULL, NULL, 0, 0, NULL},
};

const struct cli_cmd cmd_index = {
    .name = "index",
    .summary = "make one image for several platforms of several",
    .operands = "IMAGE...",
    .min_operands = 1,
    .max_operands = 64,
    .opts = options,
    .opts_size = sizeof(struct index_opts),
    .details = "The images are copied to the target with all their blobs, and an index there names "
               "them with the platforms of their configs, in the order given.  Of an operand that "
               "is an index itself each image is taken.  Two for one platform are refused, as "
               "clients take the first.  The index's digest is printed.",
    .run = run,
};
