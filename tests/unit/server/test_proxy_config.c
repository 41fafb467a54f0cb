/* SPDX-License-Identifier: Apache-2.0 */
#include "server/proxy_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/str.h"

static const struct {
    const char *text, *url, *name, *address, *host, *base;
    unsigned port;
    size_t n;
} good[] = {
    {"/=unix:/run/a.sock", "/", "unix:/run/a.sock", "unix:/run/a.sock", NULL, NULL, 0, 1},
    {"/=http://unix:a.sock", "/", "unix:a.sock", "unix:a.sock", NULL, NULL, 0, 1},
    {"/=http://unix:/run/a.sock:/b/", "/", "unix:/run/a.sock", "unix:/run/a.sock", NULL, "/b", 0,
     1},
    {"/=unix:a:/", "/", "unix:a", "unix:a", NULL, "", 0, 1},
    {"/api/=http://127.0.0.1:8001", "/api", "127.0.0.1:8001", "127.0.0.1:8001", NULL, NULL, 0, 1},
    {"/=http://[::1]:8001", "/", "[::1]:8001", "[::1]:8001", NULL, NULL, 0, 1},
    {"/=http://192.0.2.1", "/", "192.0.2.1", "192.0.2.1:80", NULL, NULL, 0, 1},
    {"/=http://localhost:9", "/", "localhost:9", "127.0.0.1:9", NULL, NULL, 0, 1},
    {"/=http://app:8000", "/", "app:8000", NULL, "app", NULL, 8000, 1},
    {"/=http://app.internal", "/", "app.internal", NULL, "app.internal", NULL, 80, 1},
    {"/a=http://app:1/b/c/", "/a", "app:1", NULL, "app", "/b/c", 1, 1},
    {"/a=http://app:1/", "/a", "app:1", NULL, "app", "", 1, 1},
    {"/=unix:a,http://b:2,unix:c", "/", "unix:a", "unix:a", NULL, NULL, 0, 3},
    {"/=http://a:1/x,http://b:1/x/", "/", "a:1", NULL, "a", "/x", 1, 2},
};

static const char *const bad[] = {
    "",
    "/",
    "/=",
    "a=unix:b",
    "=unix:b",
    "/%2f=unix:b",
    "/../a=unix:b",
    "/=a:80",
    "/=https://a",
    "/=http://",
    "/=http://:80",
    "/=http://*:80",
    "/=http://a:0",
    "/=http://a:65536",
    "/=http://a:b",
    "/=http://a b",
    "/=http://1.2.3",
    "/=http://a/b c",
    "/=http://a/x,http://b/y",
    "/=http://a/x,http://b",
    "/=unix:",
    "/=unix::/a",
    "/=unix:a:/b,unix:c",
    "/=http://b,unix:a:/b",
    "/=unix:a,",
    "/=unix:"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaa",
};

static void
servers_are_taken_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct proxy_mount m;
        struct err err = ERR_INIT;
        char text[ADDRESS_TEXT_MAX];

        if (proxy_config_parse(good[i].text, &m, &err) < 0)
            fail_msg("%s", err.msg);
        assert_string_equal(m.url, good[i].url);
        assert_int_equal(m.n, good[i].n);
        assert_string_equal(m.servers[0].name, good[i].name);
        if (good[i].address != NULL) {
            address_format(&m.servers[0].address, text);
            assert_string_equal(text, good[i].address);
            assert_null(m.servers[0].host);
        } else {
            assert_string_equal(m.servers[0].host, good[i].host);
            assert_int_equal(m.servers[0].port, good[i].port);
        }
        assert_int_equal(m.base != NULL, good[i].base != NULL);
        if (m.base != NULL)
            assert_string_equal(m.base, good[i].base);
        proxy_config_done(&m);
    }
}

static void
what_names_no_server_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct proxy_mount m;
        struct err err = ERR_INIT;

        if (proxy_config_parse(bad[i], &m, &err) == 0)
            fail_msg("'%s' is taken", bad[i]);
        assert_int_equal(err.code, ERR_USAGE);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_are_taken_apart),
        cmocka_unit_test(what_names_no_server_is_refused),
    };
    return cmocka_run_group_tests_name("server/proxy_config", tests, NULL, NULL);
}
