/* SPDX-License-Identifier: Apache-2.0 */
#include "server/mime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
types_follow_from_the_last_extension_in_any_case(void **state)
{
    static const char *const cases[][2] = {
        {"index.html", "text/html; charset=utf-8"},
        {"a/b.CSS", "text/css; charset=utf-8"},
        {"x.min.js", "text/javascript; charset=utf-8"},
        {"7z.7z", "application/x-7z-compressed"},
        {"a.zst", "application/zstd"},
        {"pic.WebP", "image/webp"},
        {"app.webmanifest", "application/manifest+json"},
        {"noextension", "application/octet-stream"},
        {"folder.html/file", "application/octet-stream"},
        {"dot.", "application/octet-stream"},
        {"", "application/octet-stream"},
        {"a.averylongextensionindeed", "application/octet-stream"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(mime_of(str_from(cases[i][0])), cases[i][1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_follow_from_the_last_extension_in_any_case),
    };
    return cmocka_run_group_tests_name("server/mime", tests, NULL, NULL);
}
