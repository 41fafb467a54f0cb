/* SPDX-License-Identifier: Apache-2.0 */
#include "server/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/err.h"

static void
addresses_are_read_and_written_back(void **state)
{
    static const char *const cases[][2] = {
        {"127.0.0.1:80", "127.0.0.1:80"},
        {":8000", "0.0.0.0:8000"},
        {"*:1", "0.0.0.0:1"},
        {"localhost:0", "127.0.0.1:0"},
        {"[::]:65535", "[::]:65535"},
        {"[::1]:80", "[::1]:80"},
        {"unix:/run/x", "unix:/run/x"},
        {"unix:relative", "unix:relative"},
        {"fd://3", "fd://3"},
        {"fd://2147483647", "fd://2147483647"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct address a;
        struct err err = ERR_INIT;
        char text[ADDRESS_TEXT_MAX];

        assert_int_equal(address_parse(cases[i][0], &a, &err), 0);
        address_format(&a, text);
        assert_string_equal(text, cases[i][1]);
    }
}

static void
what_is_no_address_is_refused_with_its_text(void **state)
{
    static const char *const bad[] = {
        "",      "8000",  "host",   "127.0.0.1", "a.example:80",    "1.2.3:80", ":65536",
        ":",     ":-1",   "::1:80", "[::1]",     "[::1]80",         "[x]:1",    "127.0.0.1:80x",
        "unix:", "fd://", "fd://x", "fd://-1",   "fd://2147483648", "fd:3"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct address a;
        struct err err = ERR_INIT;

        if (address_parse(bad[i], &a, &err) == 0)
            fail_msg("'%s' was taken", bad[i]);
        assert_int_equal(err.code, ERR_USAGE);
        assert_non_null(strstr(err.msg, bad[i]));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_written_back),
        cmocka_unit_test(what_is_no_address_is_refused_with_its_text),
    };
    return cmocka_run_group_tests_name("server/address", tests, NULL, NULL);
}
