/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "images/descriptor.h"
#include "images/image.h"
#include "images/index.h"
#include "json/json.h"

#define DIGEST_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ENTRY(digest, tag) \
    "{\"digest\":\"" digest "\",\"size\":3,\"annotations\":{\"" INDEX_TAG_KEY "\":\"" tag "\"}}"

static struct json_t *
parsed(const char *text)
{
    struct err err = ERR_INIT;
    struct json_t *index = index_parse(str_from(text), "index.json", &err);

    if (index == NULL)
        fail_msg("%s", err.msg);
    return index;
}

static struct image
image_of(const char *digest)
{
    struct image image;

    image_init(&image);
    image.manifest.media_type = BLOB_MANIFEST;
    image.manifest.size = 9;
    memcpy(image.manifest.digest, digest, strlen(digest) + 1);
    image.platform = platform_linux("amd64");
    return image;
}

static void
an_image_is_entered_beside_others(void **state)
{
    cleanup_json struct json_t *index =
        parsed("{\"schemaVersion\":2,\"x\":1,\"manifests\":[" ENTRY(DIGEST_A, "a") "]}");
    struct image image = image_of(DIGEST_B);
    cleanup_json struct json_t *with = index_with(index, &image, "b", "docker.io/b:b");
    cleanup_buf struct buf text = BUF_INIT(4096);

    (void)state;
    json_write(with, JSON_SORTED, &text);
    assert_string_equal(
        text.p, "{\"manifests\":[{\"annotations\":{\"" INDEX_TAG_KEY
                "\":\"a\"},\"digest\":\"" DIGEST_A "\",\"size\":3},{\"annotations\":{"
                "\"io.containerd.image.name\":\"docker.io/b:b\",\"" INDEX_TAG_KEY
                "\":\"b\"},\"digest\":\"" DIGEST_B "\",\"mediaType\":\"" BLOB_MANIFEST
                "\",\"platform\":{\"architecture\":\"amd64\",\"os\":\"linux\"},\"size\":9}],"
                "\"schemaVersion\":2,\"x\":1}");
}

static void
an_image_of_the_same_tag_is_replaced(void **state)
{
    cleanup_json struct json_t *index = parsed(
        "{\"schemaVersion\":2,\"manifests\":[" ENTRY(DIGEST_A, "a") "," ENTRY(DIGEST_A, "a") "]}");
    struct image image = image_of(DIGEST_B);
    cleanup_json struct json_t *with = index_with(index, &image, "a", NULL);
    struct err err = ERR_INIT;
    struct descriptor d;

    (void)state;
    assert_int_equal(index_find(with, NULL, &d, &err), 0);
    assert_string_equal(d.digest, DIGEST_B);
    assert_int_equal(d.size, 9);
    assert_string_equal(d.platform.arch, "amd64");
}

static void
a_tag_is_found_or_the_tags_are_listed(void **state)
{
    cleanup_json struct json_t *index = parsed(
        "{\"schemaVersion\":2,\"manifests\":[" ENTRY(DIGEST_A, "a") "," ENTRY(DIGEST_B, "b") "]}");
    struct err err = ERR_INIT;
    struct descriptor d;

    (void)state;
    assert_int_equal(index_find(index, "b", &d, &err), 0);
    assert_string_equal(d.digest, DIGEST_B);
    assert_int_equal(index_find(index, "c", &d, &err), -1);
    assert_non_null(strstr(err.msg, "a, b"));
    assert_int_equal(index_find(index, NULL, &d, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void
documents_that_are_no_index_are_refused(void **state)
{
    static const char *const refused[] = {
        "",
        "[]",
        "{}",
        "{\"schemaVersion\":1,\"manifests\":[]}",
        "{\"schemaVersion\":2}",
        "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}",
        "{\"schemaVersion\":2,\"manifests\":[],\"mediaType\":\"" BLOB_MANIFEST "\"}",
        "{\"schemaVersion\":2,\"manifests\":[1]}",
        "{\"schemaVersion\":2,\"manifests\":[{}]}",
        "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"sha256:\",\"size\":1}]}",
        "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"sha256:../../x\",\"size\":1}]}",
        "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"" DIGEST_A "\",\"size\":-1}]}",
        "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"" DIGEST_A "\",\"size\":1.5}]}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct err err = ERR_INIT;

        if (index_parse(str_from(refused[i]), "index.json", &err) != NULL)
            fail_msg("accepted: %s", refused[i]);
        assert_non_null(strstr(err.msg, "index.json"));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_is_entered_beside_others),
        cmocka_unit_test(an_image_of_the_same_tag_is_replaced),
        cmocka_unit_test(a_tag_is_found_or_the_tags_are_listed),
        cmocka_unit_test(documents_that_are_no_index_are_refused),
    };
    return cmocka_run_group_tests_name("images/index", tests, NULL, NULL);
}
