/* SPDX-License-Identifier: Apache-2.0 */
/* The key and the signature of "sample" are those of RFC 6979 appendix A.2.5. */
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

static const char pkcs8[] = "-----BEGIN PRIVATE KEY-----\n"
                            "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgya+p2EW6dRZrXCFX\n"
                            "Z7HWk05Qw9s26JsSe4piKxIPZyGhRANCAARg/tS6JVqdMclh63TGNW1owEm4kjth\n"
                            "+mzmaWIuYPKftnkD/hAIuLyZpBrp6VYovGTy8bIMLX6fUXejwpTURiKZ\n"
                            "-----END PRIVATE KEY-----\n";
static const char sec1[] = "-----BEGIN EC PRIVATE KEY-----\n"
                           "MHcCAQEEIMmvqdhFunUWa1whV2ex1pNOUMPbNuibEnuKYisSD2choAoGCCqGSM49\n"
                           "AwEHoUQDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Z5A/4QCLi8\n"
                           "maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==\n"
                           "-----END EC PRIVATE KEY-----\n";
static const char public_key[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7\n"
    "Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==\n"
    "-----END PUBLIC KEY-----\n";
static const char p384[] = "-----BEGIN PUBLIC KEY-----\n"
                           "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE5fOwTKKreK7196vug8o6n2w1uKB8B0Ex\n"
                           "48A1t7W9n7xEAYl7Edb5iHueI25qjtt4xfXEBCkes55wlm0VNB+6n3Iy0PLZD0R1\n"
                           "/TqNNaAUPBhf+V3vnAo4K8THgVPuoPKy\n"
                           "-----END PUBLIC KEY-----\n";
static const char encrypted[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                                "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhCzo0/F/I7tQICCAAw\n"
                                "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEGe4fbQb09vWbADAfgfqpo4EgZDn\n"
                                "1+Q8wb2VLrJdcDxIolHioY8a8kW++i4ZnxnhS4LGBBzcHxij3+p7e5TEz/H99THt\n"
                                "OtyCN0TEgD68VJutiBPw+SOMZTaF1IhT+RQnaVmItmqLZqCNdVJ/xtNWqIyyVJ8M\n"
                                "ZsW/7tz32skNjefRmWkWFKjzjbEJSSwlDvdQWmzpG6X2qRrXSX6cDxdouHBvlks=\n"
                                "-----END ENCRYPTED PRIVATE KEY-----\n";
static const unsigned char of_sample[] = {
    0x30, 0x46, 0x02, 0x21, 0x00, 0xef, 0xd4, 0x8b, 0x2a, 0xac, 0xb6, 0xa8, 0xfd, 0x11, 0x40,
    0xdd, 0x9c, 0xd4, 0x5e, 0x81, 0xd6, 0x9d, 0x2c, 0x87, 0x7b, 0x56, 0xaa, 0xf9, 0x91, 0xc3,
    0x4d, 0x0e, 0xa8, 0x4e, 0xaf, 0x37, 0x16, 0x02, 0x21, 0x00, 0xf7, 0xcb, 0x1c, 0x94, 0x2d,
    0x65, 0x7c, 0x41, 0xd4, 0x36, 0xc7, 0xa1, 0xb6, 0xe2, 0x9f, 0x65, 0xf3, 0xe9, 0x00, 0xdb,
    0xb9, 0xaf, 0xf4, 0x06, 0x4d, 0xc4, 0xab, 0x2f, 0x84, 0x3a, 0xcd, 0xa8};

static const struct str sample_signature = {(const char *)of_sample, sizeof(of_sample)};

static struct ecdsa_key *
must_read(struct ecdsa_key *(*fn)(struct str, const char *, struct err *), const char *pem)
{
    struct err err = ERR_INIT;
    struct ecdsa_key *key = fn(str_from(pem), "the key", &err);

    if (key == NULL)
        fail_msg("%s", err.msg);
    return key;
}

static void
a_signature_of_the_standard_is_verified(void **state)
{
    cleanup_ecdsa_key struct ecdsa_key *key = must_read(ecdsa_public_key, public_key);
    unsigned char changed[sizeof(of_sample)];

    (void)state;
    assert_true(ecdsa_verify(key, STR_LIT("sample"), sample_signature));
    assert_false(ecdsa_verify(key, STR_LIT("sample."), sample_signature));
    assert_false(ecdsa_verify(key, STR_LIT(""), sample_signature));
    assert_false(ecdsa_verify(key, STR_LIT("sample"), STR_LIT("")));
    for (size_t i = 0; i < sizeof(changed); i++) {
        memcpy(changed, of_sample, sizeof(changed));
        changed[i] ^= 1;
        assert_false(
            ecdsa_verify(key, STR_LIT("sample"), (struct str){(char *)changed, sizeof(changed)}));
        assert_false(ecdsa_verify(key, STR_LIT("sample"), (struct str){sample_signature.p, i}));
    }
}

static void
what_either_form_of_the_key_signs_is_verified(void **state)
{
    static const char *const forms[] = {pkcs8, sec1};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        cleanup_ecdsa_key struct ecdsa_key *secret = must_read(ecdsa_private_key, forms[i]);
        cleanup_ecdsa_key struct ecdsa_key *open = must_read(ecdsa_public_key, public_key);
        cleanup_buf struct buf signature = BUF_INIT(ECDSA_SIGNATURE_MAX);
        struct err err = ERR_INIT;

        assert_int_equal(ecdsa_sign(secret, STR_LIT("text"), &signature, &err), 0);
        assert_true(ecdsa_verify(open, STR_LIT("text"), buf_view(&signature)));
        assert_false(ecdsa_verify(open, STR_LIT("texts"), buf_view(&signature)));
    }
}

static void
a_public_key_does_not_sign(void **state)
{
    cleanup_ecdsa_key struct ecdsa_key *key = must_read(ecdsa_public_key, public_key);
    cleanup_buf struct buf signature = BUF_INIT(ECDSA_SIGNATURE_MAX);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(ecdsa_sign(key, STR_LIT("text"), &signature, &err), -1);
}

static void
other_keys_are_refused_with_the_reason(void **state)
{
    static const struct {
        const char *pem;
        bool secret;
        enum err_code code;
        const char *why;
    } rows[] = {
        {"", true, ERR_INVALID, "no PEM text"},
        {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", true, ERR_INVALID,
         "no PEM text"},
        {public_key, true, ERR_INVALID, "no PEM text"},
        {pkcs8, false, ERR_INVALID, "no PEM text"},
        {encrypted, true, ERR_UNSUPPORTED, "passphrase"},
        {p384, false, ERR_UNSUPPORTED, "P-256"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err err = ERR_INIT;
        struct str pem = str_from(rows[i].pem);

        assert_null(rows[i].secret ? ecdsa_private_key(pem, "k.pem", &err)
                                   : ecdsa_public_key(pem, "k.pem", &err));
        assert_int_equal(err.code, rows[i].code);
        assert_non_null(strstr(err.msg, "k.pem: "));
        assert_non_null(strstr(err.msg, rows[i].why));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_of_the_standard_is_verified),
        cmocka_unit_test(what_either_form_of_the_key_signs_is_verified),
        cmocka_unit_test(a_public_key_does_not_sign),
        cmocka_unit_test(other_keys_are_refused_with_the_reason),
    };
    return cmocka_run_group_tests_name("aws/ecdsa", tests, NULL, NULL);
}
