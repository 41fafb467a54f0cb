/* SPDX-License-Identifier: Apache-2.0 */
#include "images/index.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "images/descriptor.h"
#include "images/image.h"
#include "json/json.h"

enum { TAGS_TEXT_MAX = 400 };

struct json_t *
index_new(void)
{
    struct json_t *v = json_new_object();

    json_put_int(v, "schemaVersion", 2);
    json_put_str(v, "mediaType", INDEX_MEDIA_TYPE);
    json_put(v, "manifests", json_new_array());
    return v;
}

/* The tag of an entry, or NULL. */
static const char *
entry_tag(const struct json_cur *entry)
{
    struct json_cur annotations = json_at(entry, "annotations");
    struct json_cur tag = json_at(&annotations, INDEX_TAG_KEY);

    return json_str_or(&tag, NULL);
}

static int
check(const struct json_t *doc, struct err *err)
{
    struct json_cur root = json_root(doc);
    struct json_cur version = json_at(&root, "schemaVersion");
    struct json_cur type = json_at(&root, "mediaType");
    struct json_cur manifests = json_at(&root, "manifests");
    struct json_cur layers = json_at(&root, "layers");
    struct descriptor unused;
    int64_t v;

    if (json_need_object(&root, err) < 0 || json_get_int(&version, 2, 2, &v, err) < 0 ||
        json_need_array(&manifests, err) < 0)
        return -1;
    /* A document that is an index to one reader and a manifest to another: CVE-2021-41190. */
    if (layers.v != NULL)
        return json_err(&layers, err, "an index has no layers");
    if (type.v != NULL && strcmp(json_str_or(&type, ""), INDEX_MEDIA_TYPE) != 0)
        return json_err(&type, err, "want " INDEX_MEDIA_TYPE);
    for (size_t i = 0; i < json_len(&manifests); i++) {
        struct json_cur entry = json_item(&manifests, i);

        if (descriptor_read(&entry, &unused, err) < 0)
            return -1;
    }
    return 0;
}

struct json_t *
index_parse(struct str text, const char *name, struct err *err)
{
    struct json_t *doc = json_parse(text, name, err);

    if (doc != NULL && check(doc, err) < 0) {
        err_wrap(err, "%s", name);
        json_free(doc);
        return NULL;
    }
    return doc;
}

static struct json_t *
new_entry(const struct image *image, const char *tag, const char *full_name)
{
    struct json_t *entry = blob_descriptor(&image->manifest);
    struct json_t *annotations = json_new_object();

    json_put_str(annotations, INDEX_TAG_KEY, tag);
    json_put_str(annotations, "io.containerd.image.name", full_name);
    if (json_size(annotations) > 0)
        json_put(entry, "annotations", annotations);
    else
        json_free(annotations);
    json_put(entry, "platform", image_platform_json(image));
    return entry;
}

struct json_t *
index_with(const struct json_t *index, const struct image *image, const char *tag,
           const char *full_name)
{
    return index_with_entry(index, new_entry(image, tag, full_name), tag);
}

struct json_t *
index_with_entry(const struct json_t *index, struct json_t *fresh, const char *tag)
{
    struct json_cur root = json_root(index);
    struct json_cur manifests = json_at(&root, "manifests");
    struct json_t *array = json_new_array();
    struct json_t *result = json_new_object();
    struct json_cur value;
    void *iter = NULL;

    for (size_t i = 0; i < json_len(&manifests); i++) {
        struct json_cur entry = json_item(&manifests, i);
        const char *has = entry_tag(&entry);

        if (tag == NULL || has == NULL || strcmp(has, tag) != 0)
            json_push(array, json_clone(entry.v));
    }
    json_push(array, fresh);
    while (json_next(&root, &iter, &value))
        if (strcmp(value.key, "manifests") != 0)
            json_put(result, value.key, json_clone(value.v));
    json_put(result, "manifests", array);
    return result;
}

static int
not_found(const struct json_cur *manifests, const char *tag, struct err *err)
{
    cleanup_buf struct buf tags = BUF_INIT(TAGS_TEXT_MAX);

    for (size_t i = 0; i < json_len(manifests); i++) {
        struct json_cur entry = json_item(manifests, i);
        const char *has = entry_tag(&entry);

        buf_appendf(&tags, "%s%s", i > 0 ? ", " : "", has != NULL ? has : "(no tag)");
    }
    if (tag == NULL && json_len(manifests) == 0)
        return err_set(err, ERR_NOT_FOUND, "no image is there");
    if (tag == NULL)
        return err_set(err, ERR_NOT_FOUND, "several images are there, name one by its tag: %s",
                       buf_cstr(&tags));
    return err_set(err, ERR_NOT_FOUND, "no image has the tag '%s'; there are: %s", tag,
                   tags.n > 0 ? buf_cstr(&tags) : "none");
}

int
index_find(const struct json_t *index, const char *tag, struct descriptor *out, struct err *err)
{
    struct json_cur root = json_root(index);
    struct json_cur manifests = json_at(&root, "manifests");

    for (size_t i = 0; i < json_len(&manifests); i++) {
        struct json_cur entry = json_item(&manifests, i);
        const char *has = entry_tag(&entry);

        if (tag == NULL ? json_len(&manifests) == 1 : has != NULL && strcmp(has, tag) == 0)
            return descriptor_read(&entry, out, err);
    }
    return not_found(&manifests, tag, err);
}
