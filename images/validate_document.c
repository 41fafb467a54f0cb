/* SPDX-License-Identifier: Apache-2.0 */
#include "images/validate_document.h"

#include <stddef.h>

#include "base/err.h"
#include "images/descriptor.h"
#include "images/document.h"
#include "json/json.h"

static void
report(const struct validate_sink *sink, const struct err *e)
{
    sink->finding(sink->ctx, e);
}

static void
check_annotations(const struct json_cur *object, const struct validate_sink *sink)
{
    struct json_cur annotations = json_at(object, "annotations");
    struct json_cur value;
    struct err e = ERR_INIT;
    void *iter = NULL;

    if (annotations.v == NULL)
        return;
    if (json_need_object(&annotations, &e) < 0) {
        report(sink, &e);
        return;
    }
    while (json_next(&annotations, &iter, &value)) {
        const char *text;

        if (json_get_str(&value, &text, &e) < 0)
            report(sink, &e);
    }
}

static void
check_descriptor(const struct json_cur *d, const struct validate_sink *sink)
{
    struct json_cur type = json_at(d, "mediaType");
    struct err e = ERR_INIT;
    const char *text;

    if (json_get_str(&type, &text, &e) < 0)
        report(sink, &e);
    check_annotations(d, sink);
}

void
validate_document(const struct document *d, const struct validate_sink *sink)
{
    bool index = descriptor_is_index(&d->descriptor);
    struct json_cur root = json_root(d->json);
    struct json_cur list = json_at(&root, index ? "manifests" : "layers");
    struct json_cur config = json_at(&root, "config");

    check_annotations(&root, sink);
    if (!index)
        check_descriptor(&config, sink);
    for (size_t i = 0; i < json_len(&list); i++) {
        struct json_cur item = json_item(&list, i);

        check_descriptor(&item, sink);
    }
}

void
validate_document_config(const struct json_t *config, const struct validate_sink *sink)
{
    static const char *const required[] = {"architecture", "os"};
    struct json_cur root = json_root(config);
    const char *text;

    for (size_t i = 0; i < ARRAY_LEN(required); i++) {
        struct json_cur v = json_at(&root, required[i]);
        struct err e = ERR_INIT;

        if (json_get_str(&v, &text, &e) < 0)
            report(sink, &e);
    }
}
