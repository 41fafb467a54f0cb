/* SPDX-License-Identifier: Apache-2.0 */
#include "server/json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static void
strings_are_always_valid_json(void **state)
{
    static const struct {
        struct str in;
        const char *out;
    } cases[] = {
        {{"", 0}, "\"\""},
        {{"plain \xc3\xa9 \xf0\x9f\x98\x80", 13}, "\"plain \xc3\xa9 \xf0\x9f\x98\x80\""},
        {{"\"\\/", 3}, "\"\\\"\\\\/\""},
        {{"\b\t\n\f\r\v\0\x1f", 8}, "\"\\b\\t\\n\\f\\r\\u000b\\u0000\\u001f\""},
        {{"a\xff"
          "b",
          3},
         "\"a\xef\xbf\xbd"
         "b\""},
        {{"\xc0\x80", 2}, "\"\xef\xbf\xbd\xef\xbf\xbd\""},                 /* overlong */
        {{"\xed\xa0\x80", 3}, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* surrogate */
        {{"\xe2\x82", 2}, "\"\xef\xbf\xbd\xef\xbf\xbd\""},                 /* cut off */
        {{"\x7f", 1}, "\"\x7f\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cleanup_buf struct buf out = BUF_INIT(256);

        json_text_string(&out, cases[i].in);
        assert_string_equal(buf_cstr(&out), cases[i].out);
    }
}

/* Eight bytes are looked at together: whatever one of them is, and whatever its neighbours are. */
static void
a_byte_is_written_the_same_wherever_it_stands(void **state)
{
    static const unsigned char neighbours[] = {'x', 0x21, 0x7f, 0x20, '"' + 1, '\\' - 1};

    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        char one[1] = {(char)c};
        cleanup_buf struct buf alone = BUF_INIT(64);

        json_text_string(&alone, (struct str){one, 1});
        for (size_t at = 0; at < 24; at++) {
            char text[24];
            cleanup_buf struct buf out = BUF_INIT(256), want = BUF_INIT(256);
            char fill = (char)neighbours[(c + at) % sizeof(neighbours)];

            memset(text, fill, sizeof(text));
            text[at] = (char)c;
            json_text_string(&out, (struct str){text, sizeof(text)});
            buf_append_char(&want, '"');
            buf_append(&want, text, at);
            buf_append(&want, buf_cstr(&alone) + 1, alone.n - 2);
            buf_append(&want, text + at + 1, sizeof(text) - at - 1);
            buf_append_char(&want, '"');
            assert_string_equal(buf_cstr(&out), buf_cstr(&want));
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_always_valid_json),
        cmocka_unit_test(a_byte_is_written_the_same_wherever_it_stands),
    };
    return cmocka_run_group_tests_name("server/json_text", tests, NULL, NULL);
}
