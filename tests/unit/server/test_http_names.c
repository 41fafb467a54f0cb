/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"

enum { NAME_MAX_BYTES = 32 };

static const struct {
    const char *text;
    enum http_name name;
} names[] = {
    {"connection", HTTP_NAME_CONNECTION},
    {"content-length", HTTP_NAME_CONTENT_LENGTH},
    {"transfer-encoding", HTTP_NAME_TRANSFER_ENCODING},
    {"upgrade", HTTP_NAME_UPGRADE},
    {"te", HTTP_NAME_HOP},
    {"trailer", HTTP_NAME_HOP},
    {"keep-alive", HTTP_NAME_HOP},
    {"proxy-connection", HTTP_NAME_HOP},
    {"http2-settings", HTTP_NAME_HOP},
    {"x-accel-redirect", HTTP_NAME_ACCEL},
    {"date", HTTP_NAME_DATE},
    {"server", HTTP_NAME_SERVER},
    {"host", HTTP_NAME_OURS},
    {"proxy", HTTP_NAME_OURS},
    {"expect", HTTP_NAME_OURS},
    {"max-forwards", HTTP_NAME_OURS},
    {"x-request-id", HTTP_NAME_REQUEST_ID},
    {"forwarded", HTTP_NAME_FORWARDED},
    {"x-real-ip", HTTP_NAME_REAL_IP},
    {"x-forwarded-for", HTTP_NAME_X_FOR},
    {"x-forwarded-host", HTTP_NAME_X_HOST},
    {"x-forwarded-port", HTTP_NAME_X_PORT},
    {"x-forwarded-proto", HTTP_NAME_X_PROTO},
    {"x-forwarded-ssl", HTTP_NAME_X_FORWARDED},
    {"x-forwarded-server", HTTP_NAME_X_FORWARDED},
};

static const char *const others[] = {"",         "x",           "tea",           "accept",
                                     "x-accel-", "x-accel",     "x-forwarded",   "x-forwarded-",
                                     "cookie",   "set-cookies", "content-type",  "age",
                                     "etag",     "hosts",       "x-forward-for", "last-modified"};

static bool
is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

static void
names_are_known_in_any_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t n = strlen(names[i].text);

        for (unsigned mask = 1; mask <= 4; mask++) {
            char text[NAME_MAX_BYTES];

            for (size_t at = 0; at < n; at++) {
                char c = names[i].text[at];

                text[at] = is_letter(c) && (at + 1) % mask == 0 ? (char)(c - 'a' + 'A') : c;
            }
            assert_int_equal(http_name_of((struct str){text, n}), names[i].name);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_int_equal(http_name_of(str_from(others[i])), HTTP_NAME_OTHER);
}

/* Any other byte in any place makes it another name, but for what may not stand in a head. */
static void
a_name_that_is_nearly_one_is_another(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t n = strlen(names[i].text);

        for (size_t at = 0; at < n; at++) {
            char text[NAME_MAX_BYTES];
            char c = names[i].text[at];

            memcpy(text, names[i].text, n);
            for (int byte = ' '; byte <= UINT8_MAX; byte++) {
                text[at] = (char)byte;
                if (text[at] == c || (is_letter(c) && text[at] == c - 'a' + 'A'))
                    continue;
                assert_false(http_name_eq(text, names[i].text, n));
            }
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_known_in_any_case),
        cmocka_unit_test(a_name_that_is_nearly_one_is_another),
    };
    return cmocka_run_group_tests_name("server/http_names", tests, NULL, NULL);
}
