/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hex.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void
sha256_of_known_texts(void **state)
{
    char hex[DIGEST_SHA256_HEX];

    (void)state;
    digest_sha256_hex(NULL, 0, hex);
    assert_string_equal(hex, EMPTY);
    digest_sha256_hex("abc", 3, hex);
    assert_string_equal(hex, ABC);
}

static void
a_stream_gives_the_digest_of_the_whole(void **state)
{
    char hex[DIGEST_SHA256_HEX];
    cleanup_digest struct digest *d = digest_new();
    cleanup_digest struct digest *nothing = digest_new();

    (void)state;
    digest_update(d, "a", 1);
    digest_update(d, NULL, 0);
    digest_update(d, "bc", 2);
    digest_finish_hex(d, hex);
    assert_string_equal(hex, ABC);
    digest_finish_hex(nothing, hex);
    assert_string_equal(hex, EMPTY);
}

static void
hmac_of_rfc_4231(void **state)
{
    unsigned char out[DIGEST_SHA256_SIZE];
    char hex[DIGEST_SHA256_HEX];
    unsigned char key[131];

    (void)state;
    digest_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
    hex_encode(out, sizeof(out), hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    /* A key longer than a block is hashed first. */
    memset(key, 0xaa, sizeof(key));
    digest_hmac_sha256(key, sizeof(key), "Test Using Larger Than Block-Size Key - Hash Key First",
                       54, out);
    hex_encode(out, sizeof(out), hex);
    assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    digest_hmac_sha256(NULL, 0, NULL, 0, out);
    hex_encode(out, sizeof(out), hex);
    assert_string_equal(hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static const struct {
    const char *plain, *text;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xff\xfe\xfd?>", "//79Pz4="},
};

static void
base64_of_rfc_4648_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        cleanup_buf struct buf text = BUF_INIT(64);
        cleanup_buf struct buf plain = BUF_INIT(64);

        digest_base64_encode(str_from(vectors[i].plain), &text);
        assert_string_equal(buf_cstr(&text), vectors[i].text);
        assert_true(digest_base64_decode(str_from(vectors[i].text), &plain));
        assert_string_equal(buf_cstr(&plain), vectors[i].plain);
    }
}

static void
base64_refuses_what_is_not_canonical(void **state)
{
    static const char *const bad[] = {"Z",     "Zg",       "Zg=",  "Zg===",       "=",     "==",
                                      "====",  "Zh==",     "Zm9=", "Zm8=Zm8=",    "Zm 8=", "Zm9v\n",
                                      "Zm9v ", " Zm9v",    "Zm-_", "Zm9v=",       "Zg==g", "Z=g=",
                                      "Zm9v*", "Zm9v\xff", "-___", "Zm9v\r\nZm9v"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cleanup_buf struct buf plain = BUF_INIT(64);

        if (digest_base64_decode(str_from(bad[i]), &plain))
            fail_msg("'%s' was accepted", bad[i]);
        assert_int_equal(plain.n, 0);
    }
}

static void
base64_keeps_the_ceiling_of_its_buffer(void **state)
{
    struct err err = ERR_INIT;
    cleanup_buf struct buf exact = BUF_INIT(4);
    cleanup_buf struct buf small = BUF_INIT(3);
    cleanup_buf struct buf one = BUF_INIT(1);

    (void)state;
    digest_base64_encode(STR_LIT("foo"), &exact);
    assert_int_equal(buf_finish(&exact, &err), 0);
    digest_base64_encode(STR_LIT("foo"), &small);
    assert_int_equal(buf_finish(&small, &err), -1);
    assert_int_equal(err.code, ERR_LIMIT);
    assert_true(digest_base64_decode(STR_LIT("Zg=="), &one));
    assert_int_equal(buf_finish(&one, &err), 0);
}

static void
base64_survives_long_texts(void **state)
{
    enum { N = 100001 };
    cleanup_buf struct buf in = BUF_INIT(N);
    cleanup_buf struct buf text = BUF_INIT(2 * N);
    cleanup_buf struct buf out = BUF_INIT(N);

    (void)state;
    for (unsigned i = 0; i < N; i++)
        buf_append_char(&in, (char)(i * 2654435761u >> 24));
    digest_base64_encode(buf_view(&in), &text);
    assert_int_equal(text.n, (N + 2) / 3 * 4);
    assert_true(digest_base64_decode(buf_view(&text), &out));
    assert_int_equal(out.n, N);
    assert_memory_equal(out.p, in.p, N);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_known_texts),
        cmocka_unit_test(a_stream_gives_the_digest_of_the_whole),
        cmocka_unit_test(hmac_of_rfc_4231),
        cmocka_unit_test(base64_of_rfc_4648_both_ways),
        cmocka_unit_test(base64_refuses_what_is_not_canonical),
        cmocka_unit_test(base64_keeps_the_ceiling_of_its_buffer),
        cmocka_unit_test(base64_survives_long_texts),
    };

    return cmocka_run_group_tests_name("aws/digest", tests, NULL, NULL);
}
