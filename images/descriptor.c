/* SPDX-License-Identifier: Apache-2.0 */
#include "images/descriptor.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "images/index.h"
#include "images/ref_grammar.h"
#include "json/json.h"

int
descriptor_check_digest(const char *digest, struct err *err)
{
    if (!ref_grammar_is_digest(str_from(digest)))
        return err_set(err, ERR_INVALID, "'%s' is no digest", digest);
    if (strncmp(digest, "sha256:", BLOB_HEX_OFFSET) != 0)
        return err_set(err, ERR_UNSUPPORTED, "'%s': only sha256 digests are offered", digest);
    return 0;
}

/* Absent or of another type is "". */
static void
read_word(const struct json_cur *object, const char *key, char out[PLATFORM_WORD_MAX])
{
    struct json_cur word = json_at(object, key);

    snprintf(out, PLATFORM_WORD_MAX, "%s", json_str_or(&word, ""));
}

static int
read_type(const struct json_cur *c, struct descriptor *out, struct err *err)
{
    struct json_cur type = json_at(c, "mediaType");
    const char *text;

    out->media_type[0] = '\0';
    if (type.v == NULL)
        return 0;
    if (json_get_str(&type, &text, err) < 0)
        return -1;
    if (strlen(text) >= DESCRIPTOR_TYPE_MAX)
        return json_err(&type, err, "a media type has at most 255 characters");
    snprintf(out->media_type, sizeof(out->media_type), "%s", text);
    return 0;
}

int
descriptor_read(const struct json_cur *c, struct descriptor *out, struct err *err)
{
    struct json_cur digest = json_at(c, "digest");
    struct json_cur size = json_at(c, "size");
    struct json_cur platform = json_at(c, "platform");
    const char *text;
    int64_t n;

    if (json_need_object(c, err) < 0 || read_type(c, out, err) < 0 ||
        json_get_str(&digest, &text, err) < 0 || json_get_int(&size, 0, INT64_MAX, &n, err) < 0)
        return -1;
    if (descriptor_check_digest(text, err) < 0) {
        cleanup_buf struct buf pointer = BUF_INIT(1024);

        json_pointer(&digest, &pointer);
        return err_wrap(err, "%s", buf_cstr(&pointer));
    }
    snprintf(out->digest, sizeof(out->digest), "%s", text);
    out->size = (uint64_t)n;
    read_word(&platform, "os", out->platform.os);
    read_word(&platform, "architecture", out->platform.arch);
    read_word(&platform, "variant", out->platform.variant);
    return 0;
}

bool
descriptor_is_index(const struct descriptor *d)
{
    return strcmp(d->media_type, INDEX_MEDIA_TYPE) == 0 ||
           strcmp(d->media_type, DESCRIPTOR_DOCKER_LIST) == 0;
}

bool
descriptor_is_manifest(const struct descriptor *d)
{
    return strcmp(d->media_type, BLOB_MANIFEST) == 0 ||
           strcmp(d->media_type, DESCRIPTOR_DOCKER_MANIFEST) == 0;
}
