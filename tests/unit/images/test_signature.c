/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aws/ecdsa.h"
#include "base/buf.h"
#include "base/err.h"
#include "images/signature.h"

#define DIGEST "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER  "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define PAYLOAD                                                                           \
    "{\"critical\":{\"identity\":{\"docker-reference\":\"example.test/app\"},\"image\":{" \
    "\"docker-manifest-digest\":\"" DIGEST                                                \
    "\"},\"type\":\"cosign container image signature\"},\"optional\":null}"

/* RFC 6979 appendix A.2.5. */
static const char secret[] = "-----BEGIN EC PRIVATE KEY-----\n"
                             "MHcCAQEEIMmvqdhFunUWa1whV2ex1pNOUMPbNuibEnuKYisSD2choAoGCCqGSM49\n"
                             "AwEHoUQDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Z5A/4QCLi8\n"
                             "maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==\n"
                             "-----END EC PRIVATE KEY-----\n";

static void
the_tag_is_made_of_the_digest(void **state)
{
    char tag[SIGNATURE_TAG_MAX];

    (void)state;
    signature_tag(DIGEST, tag);
    assert_string_equal(
        tag, "sha256-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.sig");
}

static void
the_payload_names_image_and_digest(void **state)
{
    cleanup_buf struct buf out = BUF_INIT(SIGNATURE_PAYLOAD_MAX);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(signature_payload("example.test/app", DIGEST, &out, &err), 0);
    assert_string_equal(buf_cstr(&out), PAYLOAD);
    assert_int_equal(signature_check_payload(buf_view(&out), DIGEST, &err), 0);
}

static void
a_payload_of_something_else_is_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", "signature"},
        {"[]", "signature"},
        {"{\"critical\":{\"type\":\"other\"}}", "'other'"},
        {"{\"critical\":{\"type\":\"cosign container image signature\"}}",
         "docker-manifest-digest"},
        {"{\"critical\":{\"type\":\"cosign container image signature\",\"image\":{"
         "\"docker-manifest-digest\":\"" OTHER "\"}}}",
         "it is one of " OTHER},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err err = ERR_INIT;

        assert_int_equal(signature_check_payload(str_from(rows[i].text), DIGEST, &err), -1);
        assert_int_equal(err.code, ERR_INVALID);
        if (strstr(err.msg, rows[i].why) == NULL)
            fail_msg("'%s' lacks '%s'", err.msg, rows[i].why);
    }
}

static void
what_was_made_holds_for_that_text_alone(void **state)
{
    struct err err = ERR_INIT;
    cleanup_ecdsa_key struct ecdsa_key *key = ecdsa_private_key(str_from(secret), "key", &err);
    cleanup_buf struct buf base64 = BUF_INIT(SIGNATURE_PAYLOAD_MAX);

    (void)state;
    assert_non_null(key);
    assert_int_equal(signature_make(key, STR_LIT(PAYLOAD), &base64, &err), 0);
    assert_true(signature_holds(key, STR_LIT(PAYLOAD), buf_view(&base64)));
    assert_false(signature_holds(key, STR_LIT(PAYLOAD " "), buf_view(&base64)));
    assert_false(signature_holds(key, STR_LIT(PAYLOAD), STR_LIT("")));
    assert_false(signature_holds(key, STR_LIT(PAYLOAD), STR_LIT("not base64")));
    assert_false(signature_holds(key, STR_LIT(PAYLOAD), STR_LIT("AAAA")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tag_is_made_of_the_digest),
        cmocka_unit_test(the_payload_names_image_and_digest),
        cmocka_unit_test(a_payload_of_something_else_is_refused),
        cmocka_unit_test(what_was_made_holds_for_that_text_alone),
    };
    return cmocka_run_group_tests_name("images/signature", tests, NULL, NULL);
}
