/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"

enum { NOW = 1700000000 }; /* 2023 */

static void
the_three_formats_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t t;
    } cases[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
        {"Sun Nov  6 08:49:37 1994", 784111777},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Thu, 29 Feb 2024 23:59:59 GMT", 1709251199},
        {"Tuesday, 01-Jan-30 00:00:00 GMT", 1893456000},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t t = -1;

        if (!http_date_parse(str_from(cases[i].text), NOW, &t) || t != cases[i].t)
            fail_msg("'%s' gave %lld", cases[i].text, (long long)t);
    }
}

static void
what_is_no_date_is_not_read(void **state)
{
    static const char *const bad[] = {
        "",
        "yesterday",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 19x4 08:49:37 GMT",
        "784111777",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        int64_t t;

        if (http_date_parse(str_from(bad[i]), NOW, &t))
            fail_msg("'%s' was read", bad[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_three_formats_are_read),
        cmocka_unit_test(what_is_no_date_is_not_read),
    };
    return cmocka_run_group_tests_name("server/http_date", tests, NULL, NULL);
}
