/* SPDX-License-Identifier: Apache-2.0 */
#include "images/signature.h"

#include <stdio.h>
#include <string.h>

#include "aws/digest.h"
#include "aws/ecdsa.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

#define PAYLOAD_TYPE "cosign container image signature"

void
signature_tag(const char *digest, char out[SIGNATURE_TAG_MAX])
{
    snprintf(out, SIGNATURE_TAG_MAX, "sha256-%s.sig", digest + BLOB_HEX_OFFSET);
}

int
signature_payload(const char *name, const char *digest, struct buf *out, struct err *err)
{
    cleanup_json struct json_t *doc = json_new_object();
    struct json_t *critical = json_new_object();
    struct json_t *identity = json_new_object();
    struct json_t *image = json_new_object();

    json_put_str(identity, "docker-reference", name);
    json_put_str(image, "docker-manifest-digest", digest);
    json_put(critical, "identity", identity);
    json_put(critical, "image", image);
    json_put_str(critical, "type", PAYLOAD_TYPE);
    json_put(doc, "critical", critical);
    json_put(doc, "optional", json_new_null());
    json_write(doc, JSON_COMPACT, out);
    return buf_finish(out, err);
}

int
signature_check_payload(struct str payload, const char *digest, struct err *err)
{
    cleanup_json struct json_t *doc = json_parse(payload, "signature", err);
    struct json_cur root, critical, type, image, said;
    const char *text;

    if (doc == NULL)
        return -1;
    root = json_root(doc);
    critical = json_at(&root, "critical");
    type = json_at(&critical, "type");
    image = json_at(&critical, "image");
    said = json_at(&image, "docker-manifest-digest");
    if (json_get_str(&type, &text, err) < 0)
        return err_wrap(err, "signature");
    if (strcmp(text, PAYLOAD_TYPE) != 0)
        return err_set(err, ERR_INVALID, "signature: '%s' is not one of an image", text);
    if (json_get_str(&said, &text, err) < 0)
        return err_wrap(err, "signature");
    if (strcmp(text, digest) != 0)
        return err_set(err, ERR_INVALID, "signature: it is one of %s", text);
    return 0;
}

int
signature_make(const struct ecdsa_key *key, struct str payload, struct buf *out, struct err *err)
{
    cleanup_buf struct buf der = BUF_INIT(ECDSA_SIGNATURE_MAX);

    if (ecdsa_sign(key, payload, &der, err) < 0)
        return -1;
    digest_base64_encode(buf_view(&der), out);
    return buf_finish(out, err);
}

bool
signature_holds(const struct ecdsa_key *key, struct str payload, struct str base64)
{
    cleanup_buf struct buf der = BUF_INIT(SIGNATURE_PAYLOAD_MAX);

    return digest_base64_decode(base64, &der) && ecdsa_verify(key, payload, buf_view(&der));
}
