/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_chunk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

/* Decodes in parts of step bytes; *rest counts what is left behind the end. */
static int
decode(const char *text, size_t n, size_t step, struct buf *out, size_t *rest)
{
    struct http_chunk c;
    size_t at = 0;

    http_chunk_init(&c);
    while (at < n) {
        size_t part = n - at < step ? n - at : step;
        struct str data = {NULL, 0};
        size_t used = 0;
        int result = http_chunk_decode(&c, text + at, part, &used, &data);

        at += used;
        buf_append_view(out, data);
        *rest = n - at;
        if (result != HTTP_CHUNK_MORE && result != HTTP_CHUNK_DATA)
            return result;
    }
    return HTTP_CHUNK_MORE;
}

static const struct {
    const char *text;
    int result;
    const char *body;
} cases[] = {
    {"0\r\n\r\n", HTTP_CHUNK_DONE, ""},
    {"3\r\nabc\r\n0\r\n\r\n", HTTP_CHUNK_DONE, "abc"},
    {"1\r\na\r\nA\r\n0123456789\r\n000\r\n\r\n", HTTP_CHUNK_DONE, "a0123456789"},
    {"1;x\r\na\r\n0;y=z\r\n\r\n", HTTP_CHUNK_DONE, "a"},
    {"1 ; x = \"q;\\\"\\\\\" ;y\r\na\r\n0\r\n\r\n", HTTP_CHUNK_DONE, "a"},
    {"0\r\nX: y\r\nContent-Length: 7\r\n\r\n", HTTP_CHUNK_DONE, ""},
    {"3\r\nabc\r\n0\r\n", HTTP_CHUNK_MORE, "abc"},
    {"3\r\nab", HTTP_CHUNK_MORE, "ab"},
    {"000000000000001\r\na\r\n0\r\n\r\n", HTTP_CHUNK_DONE, "a"},
    {"\r\n", 400, ""},
    {"g\r\n", 400, ""},
    {"-1\r\n", 400, ""},
    {"+1\r\n", 400, ""},
    {"0x1\r\na\r\n", 400, ""},
    {" 1\r\na\r\n", 400, ""},
    {"1 \r\na\r\n", 400, ""},
    {"1\na\r\n", 400, ""},
    {"1\r\na\n", 400, "a"},
    {"1\r\nab\r\n", 400, "a"},
    {"1\r\na\r0", 400, "a"},
    {"1\r\na0\r\n", 400, "a"},
    {"1;\r\na\r\n", 400, ""},
    {"1;=x\r\na\r\n", 400, ""},
    {"1;x=\r\na\r\n", 400, ""},
    {"1;x=\"a\r\n", 400, ""},
    {"1;x=\"a\"b\r\n", 400, ""},
    {"1;x y\r\n", 400, ""},
    {"1;x\n", 400, ""},
    {"1,\r\na\r\n", 400, ""},
    {"0000000000000001\r\n", 400, ""},
    {"ffffffffffffffffff\r\n", 400, ""},
    {"0\r\n X: y\r\n\r\n", 400, ""},
    {"0\r\nX : y\r\n\r\n", 400, ""},
    {"0\r\nX\r\n\r\n", 400, ""},
    {"0\r\nX: y\rz\r\n\r\n", 400, ""},
    {"0\r\nX: y\n\r\n", 400, ""},
    {"0\r\n\n", 400, ""},
    {"0\r\n\rx", 400, ""},
};

static void
bodies_decode_alike_however_they_are_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t step = 1; step <= strlen(cases[i].text); step++) {
            cleanup_buf struct buf out = BUF_INIT(1024);
            size_t rest = 0;
            int result = decode(cases[i].text, strlen(cases[i].text), step, &out, &rest);

            if (result != cases[i].result || strcmp(buf_cstr(&out), cases[i].body) != 0)
                fail_msg("'%s' in steps of %zu: %d '%s'", cases[i].text, step, result,
                         buf_cstr(&out));
        }
    }
}

static void
what_follows_the_end_is_left_alone(void **state)
{
    cleanup_buf struct buf out = BUF_INIT(64);
    size_t rest = 0;

    (void)state;
    assert_int_equal(decode("1\r\na\r\n0\r\n\r\nGET /", 16, 64, &out, &rest), HTTP_CHUNK_DONE);
    assert_int_equal(rest, 5);
}

static void
extensions_and_trailers_have_a_limit(void **state)
{
    static const char *const starts[] = {"1;x=", "0\r\nX: "};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        cleanup_buf struct buf text = BUF_INIT(100000);
        cleanup_buf struct buf out = BUF_INIT(64);
        size_t rest = 0;

        buf_append_str(&text, starts[i]);
        while (text.n < 10000)
            buf_append_char(&text, 'a');
        assert_int_equal(decode(text.p, text.n, text.n, &out, &rest), 431);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_decode_alike_however_they_are_split),
        cmocka_unit_test(what_follows_the_end_is_left_alone),
        cmocka_unit_test(extensions_and_trailers_have_a_limit),
    };
    return cmocka_run_group_tests_name("server/http_chunk", tests, NULL, NULL);
}
