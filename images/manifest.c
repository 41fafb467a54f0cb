/* SPDX-License-Identifier: Apache-2.0 */
#include "images/manifest.h"

#include "base/buf.h"
#include "base/err.h"
#include "images/blob.h"
#include "images/layer.h"
#include "json/json.h"

int
manifest_write(const struct blob *config, const struct layer *layers, size_t n,
               const struct json_t *annotations, struct blob *out, struct err *err)
{
    cleanup_json struct json_t *doc = json_new_object();
    cleanup_buf struct buf text = BUF_INIT(MANIFEST_SIZE_MAX);
    struct json_t *array = json_new_array();

    for (size_t i = 0; i < n; i++)
        json_push(array, blob_descriptor(&layers[i].blob));
    json_put_int(doc, "schemaVersion", 2);
    /* Optional in the specification, but ECR refuses a manifest without it. */
    json_put_str(doc, "mediaType", BLOB_MANIFEST);
    json_put(doc, "config", blob_descriptor(config));
    json_put(doc, "layers", array);
    if (annotations != NULL && json_size(annotations) > 0)
        json_put(doc, "annotations", json_clone(annotations));
    json_write(doc, JSON_SORTED, &text);
    return blob_from_text(out, BLOB_MANIFEST, &text, err);
}
