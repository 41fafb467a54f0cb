/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "images/document.h"
#include "images/index.h"
#include "json/json.h"

#define DIGEST_A     "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B     "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ITEM(digest) "{\"digest\":\"" digest "\",\"size\":3}"
#define MANIFEST_OF(more) \
    "{\"schemaVersion\":2,\"config\":" ITEM(DIGEST_A) ",\"layers\":[" ITEM(DIGEST_B) "]" more "}"
#define ENTRY(digest, os, arch, variant)                               \
    "{\"digest\":\"" digest "\",\"size\":3,\"platform\":{\"os\":\"" os \
    "\",\"architecture\":\"" arch "\",\"variant\":\"" variant "\"}}"
#define INDEX_OF(entries) "{\"schemaVersion\":2,\"manifests\":[" entries "]}"

static void
parse(const char *text, const char *type, struct document *out)
{
    struct err err = ERR_INIT;

    if (document_parse(str_from(text), type, "doc", out, &err) < 0)
        fail_msg("%s: %s", text, err.msg);
}

static void
a_manifest_is_known_by_its_word_its_way_or_its_look(void **state)
{
    static const struct {
        const char *text, *type, *is;
    } rows[] = {
        {MANIFEST_OF(""), "", BLOB_MANIFEST},
        {MANIFEST_OF(""), DESCRIPTOR_DOCKER_MANIFEST, DESCRIPTOR_DOCKER_MANIFEST},
        {MANIFEST_OF(",\"mediaType\":\"" DESCRIPTOR_DOCKER_MANIFEST "\""), "",
         DESCRIPTOR_DOCKER_MANIFEST},
        {INDEX_OF(""), "", INDEX_MEDIA_TYPE},
        {INDEX_OF(""), DESCRIPTOR_DOCKER_LIST, DESCRIPTOR_DOCKER_LIST},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_document struct document d = DOCUMENT_INIT;

        parse(rows[i].text, rows[i].type, &d);
        assert_string_equal(d.descriptor.media_type, rows[i].is);
        assert_int_equal(d.descriptor.size, strlen(rows[i].text));
        assert_memory_equal(d.text, rows[i].text, strlen(rows[i].text));
    }
}

static void
config_and_layers_are_read(void **state)
{
    cleanup_document struct document d = DOCUMENT_INIT;
    struct err err = ERR_INIT;
    struct descriptor item;

    (void)state;
    parse(MANIFEST_OF(""), "", &d);
    assert_int_equal(document_config(&d, &item, &err), 0);
    assert_string_equal(item.digest, DIGEST_A);
    assert_int_equal(document_count(&d), 1);
    assert_int_equal(document_item(&d, 0, &item, &err), 0);
    assert_string_equal(item.digest, DIGEST_B);
    assert_string_equal(item.media_type, "");
}

static void
what_is_two_things_or_none_is_refused(void **state)
{
    static const struct {
        const char *text, *type, *why;
    } rows[] = {
        {"", "", "doc"},
        {"[]", "", "object"},
        {"{}", "", "schemaVersion"},
        {"{\"schemaVersion\":1,\"config\":" ITEM(DIGEST_A) ",\"layers\":[]}", "", "schemaVersion"},
        {MANIFEST_OF(",\"manifests\":[]"), BLOB_MANIFEST, "/manifests"},
        {MANIFEST_OF(",\"manifests\":[]"), "", "/layers"},
        {MANIFEST_OF(",\"mediaType\":\"" BLOB_MANIFEST "\""), INDEX_MEDIA_TYPE, "on its way"},
        {MANIFEST_OF(",\"mediaType\":\"text/html\""), "", "no manifest or index"},
        {MANIFEST_OF(",\"mediaType\":7"), "", "/mediaType"},
        {"{\"schemaVersion\":2,\"layers\":[]}", "", "/config"},
        {"{\"schemaVersion\":2,\"config\":" ITEM(DIGEST_A) "}", "", "/layers"},
        {"{\"schemaVersion\":2,\"config\":" ITEM("sha256:../x") ",\"layers\":[]}", "",
         "/config/digest"},
        {"{\"schemaVersion\":2,\"config\":" ITEM(DIGEST_A) ",\"layers\":[{\"digest\":\"" DIGEST_A
                                                           "\",\"size\":-1}]}",
         "", "/layers/0/size"},
        {"{\"schemaVersion\":2,\"schemaVersion\":2,\"manifests\":[]}", "", "doc"},
        {INDEX_OF("{\"digest\":\"sha512:00\",\"size\":1}"), "", "/manifests/0/digest"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_document struct document d = DOCUMENT_INIT;
        struct err err = ERR_INIT;

        if (document_parse(str_from(rows[i].text), rows[i].type, "doc", &d, &err) == 0)
            fail_msg("accepted: %s", rows[i].text);
        if (strstr(err.msg, rows[i].why) == NULL)
            fail_msg("%s: %s lacks '%s'", rows[i].text, err.msg, rows[i].why);
    }
}

static void
the_first_entry_for_a_platform_is_chosen(void **state)
{
    static const char text[] = INDEX_OF(ENTRY(DIGEST_A, "linux", "arm", "v6") "," ENTRY(
        DIGEST_B, "linux", "arm", "v7") "," ENTRY(DIGEST_A, "windows", "amd64", ""));
    cleanup_document struct document d = DOCUMENT_INIT;
    struct platform p = platform_linux("arm");
    struct err err = ERR_INIT;
    struct descriptor chosen;

    (void)state;
    parse(text, "", &d);
    assert_int_equal(document_choose(&d, &p, &chosen, &err), 0);
    assert_string_equal(chosen.digest, DIGEST_A);
    assert_int_equal(platform_parse("linux/arm/v7", &p, &err), 0);
    assert_int_equal(document_choose(&d, &p, &chosen, &err), 0);
    assert_string_equal(chosen.digest, DIGEST_B);
    p = platform_linux("amd64");
    assert_int_equal(document_choose(&d, &p, &chosen, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_non_null(strstr(err.msg, "linux/arm/v6, linux/arm/v7, windows/amd64"));
}

static void
a_single_entry_that_names_no_platform_is_for_all(void **state)
{
    cleanup_document struct document d = DOCUMENT_INIT;
    struct platform p = platform_linux("riscv64");
    struct err err = ERR_INIT;
    struct descriptor chosen;

    (void)state;
    parse(INDEX_OF(ITEM(DIGEST_B)), "", &d);
    assert_int_equal(document_choose(&d, &p, &chosen, &err), 0);
    assert_string_equal(chosen.digest, DIGEST_B);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manifest_is_known_by_its_word_its_way_or_its_look),
        cmocka_unit_test(config_and_layers_are_read),
        cmocka_unit_test(what_is_two_things_or_none_is_refused),
        cmocka_unit_test(the_first_entry_for_a_platform_is_chosen),
        cmocka_unit_test(a_single_entry_that_names_no_platform_is_for_all),
    };
    return cmocka_run_group_tests_name("images/document", tests, NULL, NULL);
}
