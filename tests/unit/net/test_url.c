/* SPDX-License-Identifier: Apache-2.0 */
#include "net/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

static void
urls_are_split_into_their_parts(void **state UNUSED)
{
    static const struct {
        const char *text;
        const char *scheme, *host;
        uint16_t port;
        bool default_port;
        const char *path, *query;
        const char *host_header;
    } cases[] = {
        {"http://h", "http", "h", 80, true, "/", NULL, "h"},
        {"https://h", "https", "h", 443, true, "/", NULL, "h"},
        {"https://h:443/", "https", "h", 443, true, "/", NULL, "h"},
        {"http://h:443/", "http", "h", 443, false, "/", NULL, "h:443"},
        {"HTTPS://Host:8443/a/b?x=y&z", "https", "Host", 8443, false, "/a/b", "x=y&z", "Host:8443"},
        {"http://[::1]:8080/a", "http", "::1", 8080, false, "/a", NULL, "[::1]:8080"},
        {"http://[fd00:ec2::23]/v4", "http", "fd00:ec2::23", 80, true, "/v4", NULL,
         "[fd00:ec2::23]"},
        {"http://169.254.170.2/v2/x%2Fy", "http", "169.254.170.2", 80, true, "/v2/x%2Fy", NULL,
         "169.254.170.2"},
        {"http://h/a/../b#part", "http", "h", 80, true, "/a/../b", NULL, "h"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_url struct url u = {0};
        cleanup_free char *host_header = NULL;
        struct err err = ERR_INIT;

        assert_int_equal(url_parse(cases[i].text, &u, &err), 0);
        assert_string_equal(u.scheme, cases[i].scheme);
        assert_string_equal(u.host, cases[i].host);
        assert_int_equal(u.port, cases[i].port);
        assert_int_equal(u.default_port, cases[i].default_port);
        assert_string_equal(u.path, cases[i].path);
        if (cases[i].query == NULL)
            assert_null(u.query);
        else
            assert_string_equal(u.query, cases[i].query);
        host_header = url_host_header(&u);
        assert_string_equal(host_header, cases[i].host_header);
    }
}

static void
what_is_no_plain_http_url_is_refused_without_being_repeated(void **state UNUSED)
{
    static const char *const bad[] = {
        "",
        "h",
        "/path",
        "ftp://h/",
        "unix:/run/docker.sock",
        "file:///etc/passwd",
        "http://",
        "http:///path",
        "http://h:0/",
        "http://h:65536/",
        "http://h:x/",
        "http://h h/",
        "http://h/\r\nX: y",
        "http://[::1/",
        "http://user@h/",
        "https://user:secret@h/",
        "https://user:sec ret@h/",
        "http://h\x01/",
    };

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct url u = {0};
        struct err err = ERR_INIT;

        if (url_parse(bad[i], &u, &err) != -1)
            fail_msg("'%s' was accepted", bad[i]);
        assert_int_equal(err.code, ERR_INVALID);
        assert_null(strstr(err.msg, "secret"));
        assert_null(u.host);
    }
}

static void
a_url_has_a_largest_size(void **state UNUSED)
{
    char text[10000];
    struct url u = {0};
    struct err err = ERR_INIT;

    memset(text, 'a', sizeof(text));
    memcpy(text, "http://h/", 9);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(url_parse(text, &u, &err), -1);
    assert_int_equal(err.code, ERR_LIMIT);
}

static void
all_but_the_unreserved_characters_are_encoded(void **state UNUSED)
{
    cleanup_buf struct buf out = BUF_INIT(1000);

    url_encode(STR_LIT("AZaz09-._~"), false, &out);
    assert_string_equal(buf_cstr(&out), "AZaz09-._~");
    buf_clear(&out);
    url_encode(STR_LIT("a b/c+d=%\0\xc3\xbc"), false, &out);
    assert_string_equal(buf_cstr(&out), "a%20b%2Fc%2Bd%3D%25%00%C3%BC");
    buf_clear(&out);
    url_encode(STR_LIT("a/b"), true, &out);
    assert_string_equal(buf_cstr(&out), "a/b");
}

static void
references_are_resolved_against_their_base(void **state UNUSED)
{
    static const struct {
        const char *base, *reference, *want; /* NULL: refused */
    } cases[] = {
        {"http://h:1/v2/a/blobs/uploads/", "/v2/a/u/1?_state=x%3D",
         "http://h:1/v2/a/u/1?_state=x%3D"},
        {"http://h:1/v2/a/blobs/uploads/", "2?s=1", "http://h:1/v2/a/blobs/uploads/2?s=1"},
        {"https://h/v2/", "https://other:8443/x?y#z", "https://other:8443/x?y"},
        {"https://h/v2/", "//other/x", "https://other/x"},
        {"https://h/v2/", "ftp://other/x", NULL},
        {"https://h/v2/", "https://user:secret@other/x", NULL},
        {"https://h/v2/", "http://[::1/", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_free char *got = NULL;
        struct err err = ERR_INIT;
        int done = url_resolve(cases[i].base, str_from(cases[i].reference), &got, &err);

        if (cases[i].want == NULL) {
            assert_int_equal(done, -1);
            assert_null(strstr(err.msg, "secret"));
            continue;
        }
        assert_int_equal(done, 0);
        assert_string_equal(got, cases[i].want);
    }
}

static void
origins_are_the_same_by_scheme_host_and_port(void **state UNUSED)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"https://h/a", "https://H:443/b?c", true}, {"http://h/", "https://h/", false},
        {"http://h:80/", "http://h/", true},        {"https://h/", "https://h.other/", false},
        {"https://h:1/", "https://h:2/", false},    {"http://[::1]:5/", "http://[::1]:5/x", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_url struct url a = {0}, b = {0};
        struct err err = ERR_INIT;

        assert_int_equal(url_parse(cases[i].a, &a, &err), 0);
        assert_int_equal(url_parse(cases[i].b, &b, &err), 0);
        assert_int_equal(url_same_origin(&a, &b), cases[i].same);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_are_resolved_against_their_base),
        cmocka_unit_test(origins_are_the_same_by_scheme_host_and_port),
        cmocka_unit_test(urls_are_split_into_their_parts),
        cmocka_unit_test(what_is_no_plain_http_url_is_refused_without_being_repeated),
        cmocka_unit_test(a_url_has_a_largest_size),
        cmocka_unit_test(all_but_the_unreserved_characters_are_encoded),
    };

    return cmocka_run_group_tests_name("net/url", tests, NULL, NULL);
}
