/* SPDX-License-Identifier: Apache-2.0 */
#include "server/json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_always_valid_json),
    };
    return cmocka_run_group_tests_name("server/json_text", tests, NULL, NULL);
}
