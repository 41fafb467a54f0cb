/* SPDX-License-Identifier: Apache-2.0 */
#include "images/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/digest.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "images/index.h"
#include "json/json.h"

enum { PLATFORMS_TEXT_MAX = 600 };

void
document_done(struct document *d)
{
    free(d->text);
    json_free(d->json);
    *d = (struct document)DOCUMENT_INIT;
}

/* ---- parsing ---- */

static const char *
list_name(const struct document *d)
{
    return descriptor_is_index(&d->descriptor) ? "manifests" : "layers";
}

/* What the text says it is; without a word of it, what it looks like. */
static int
find_type(const struct json_cur *root, const char *type, struct descriptor *out, struct err *err)
{
    struct json_cur said = json_at(root, "mediaType");
    struct json_cur manifests = json_at(root, "manifests");
    const char *text = type;

    if (said.v != NULL && json_get_str(&said, &text, err) < 0)
        return -1;
    if (said.v != NULL && type[0] != '\0' && strcmp(type, text) != 0)
        return json_err(&said, err, "'%s', but it was called '%s' on its way", text, type);
    if (text[0] == '\0')
        text = manifests.v != NULL ? INDEX_MEDIA_TYPE : BLOB_MANIFEST;
    snprintf(out->media_type, sizeof(out->media_type), "%s", text);
    if (!descriptor_is_index(out) && !descriptor_is_manifest(out))
        return err_set(err, ERR_UNSUPPORTED,
                       "'%s' is no manifest or index of OCI or of Docker's schema 2", text);
    return 0;
}

static int
check(const struct document *d, struct err *err)
{
    bool index = descriptor_is_index(&d->descriptor);
    struct json_cur root = json_root(d->json);
    struct json_cur version = json_at(&root, "schemaVersion");
    struct json_cur list = json_at(&root, list_name(d));
    struct json_cur other = json_at(&root, index ? "layers" : "manifests");
    struct descriptor item;
    int64_t v;

    if (json_get_int(&version, 2, 2, &v, err) < 0 || json_need_array(&list, err) < 0)
        return -1;
    /* An index to one reader and a manifest to another. */
    if (other.v != NULL)
        return json_err(&other, err, "does not belong into %s", index ? "an index" : "a manifest");
    for (size_t i = 0; i < document_count(d); i++)
        if (document_item(d, i, &item, err) < 0)
            return -1;
    return index ? 0 : document_config(d, &item, err);
}

int
document_parse(struct str text, const char *type, const char *name, struct document *out,
               struct err *err)
{
    cleanup_document struct document d = DOCUMENT_INIT;
    char hex[DIGEST_SHA256_HEX];
    struct json_cur root;

    d.json = json_parse(text, name, err);
    if (d.json == NULL)
        return -1;
    root = json_root(d.json);
    if (json_need_object(&root, err) < 0 || find_type(&root, type, &d.descriptor, err) < 0 ||
        check(&d, err) < 0)
        return err_wrap(err, "%s", name);
    digest_sha256_hex(text.p, text.n, hex);
    snprintf(d.descriptor.digest, sizeof(d.descriptor.digest), "sha256:%s", hex);
    d.descriptor.size = text.n;
    d.text = mem_strndup(text.p, text.n);
    *out = d;
    d = (struct document)DOCUMENT_INIT;
    return 0;
}

/* ---- reading ---- */

size_t
document_count(const struct document *d)
{
    struct json_cur root = json_root(d->json);
    struct json_cur list = json_at(&root, list_name(d));

    return json_len(&list);
}

int
document_item(const struct document *d, size_t i, struct descriptor *out, struct err *err)
{
    struct json_cur root = json_root(d->json);
    struct json_cur list = json_at(&root, list_name(d));
    struct json_cur item = json_item(&list, i);

    return descriptor_read(&item, out, err);
}

int
document_config(const struct document *d, struct descriptor *out, struct err *err)
{
    struct json_cur root = json_root(d->json);
    struct json_cur config = json_at(&root, "config");

    return descriptor_read(&config, out, err);
}

static bool
is_for(const struct descriptor *d, const struct platform *p)
{
    return strcmp(d->platform.os, p->os) == 0 && strcmp(d->platform.arch, p->arch) == 0 &&
           (p->variant[0] == '\0' || strcmp(d->platform.variant, p->variant) == 0);
}

static int
none_for(const struct document *index, const struct platform *p, struct err *err)
{
    cleanup_buf struct buf there = BUF_INIT(PLATFORMS_TEXT_MAX);
    char text[3 * PLATFORM_WORD_MAX];
    struct descriptor d;

    for (size_t i = 0; i < document_count(index); i++) {
        if (document_item(index, i, &d, err) < 0)
            return -1;
        if (d.platform.os[0] == '\0')
            continue;
        platform_format(&d.platform, text);
        buf_appendf(&there, "%s%s", there.n > 0 ? ", " : "", text);
    }
    platform_format(p, text);
    return err_set(err, ERR_NOT_FOUND, "no image for %s; there are: %s", text,
                   there.n > 0 ? buf_cstr(&there) : "none that name a platform");
}

int
document_choose(const struct document *index, const struct platform *p, struct descriptor *out,
                struct err *err)
{
    struct descriptor only;
    size_t n = document_count(index);

    for (size_t i = 0; i < n; i++) {
        if (document_item(index, i, out, err) < 0)
            return -1;
        if (is_for(out, p))
            return 0;
    }
    /* One image that does not say for what. */
    if (n == 1 && document_item(index, 0, &only, err) == 0 && only.platform.os[0] == '\0') {
        *out = only;
        return 0;
    }
    return none_for(index, p, err);
}
