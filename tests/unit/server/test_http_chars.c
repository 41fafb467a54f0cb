/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_chars.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SIZE_MAX_BYTES = 27 };

/* Every byte in every place, behind plain bytes and behind a tab; from memory of exactly the size,
 * so that a read past the end is seen. */
static void
values_are_measured_as_the_table_says(void **state)
{
    static const char before[] = {'a', '\t', '\x80', '~', ' '};

    (void)state;
    for (size_t n = 0; n <= SIZE_MAX_BYTES; n++) {
        char *p = malloc(n + 1);

        assert_non_null(p);
        for (size_t at = 0; at < n; at++) {
            for (unsigned byte = 0; byte <= UINT8_MAX; byte++) {
                for (size_t i = 0; i < n; i++)
                    p[1 + i] = before[(at + byte + i) % sizeof(before)];
                p[1 + at] = (char)byte;
                assert_int_equal(http_chars_value_span(p + 1, n),
                                 http_chars_span(p + 1, n, HTTP_CHAR_VALUE));
            }
        }
        assert_int_equal(http_chars_value_span(p + 1, 0), 0);
        free(p);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_measured_as_the_table_says),
    };
    return cmocka_run_group_tests_name("server/http_chars", tests, NULL, NULL);
}
