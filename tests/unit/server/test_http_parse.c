/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct http_limits limits = {.line = 64, .fields = 4, .field = 40, .head = 140};

/* The answer to the whole text, checked to be the same for every way to split it in two and for a
 * byte at a time.  The text lies at the end of its memory, so that a sanitizer sees a read past
 * it. */
static int
parse(const char *text, size_t n, struct http_parser *p)
{
    int whole = -1;

    for (size_t split = 0; split <= n + 1; split++) {
        char *copy = malloc(n + 1);
        size_t step = split == n + 1 ? 1 : n;
        size_t at = split == n + 1 ? 0 : split;
        int result;

        assert_non_null(copy);
        memcpy(copy + 1, text, n);
        http_parse_init(p, &limits);
        result = http_parse(p, copy + 1, at);
        while (result == HTTP_PARSE_MORE && at < n) {
            at = at + step < n ? at + step : n;
            result = http_parse(p, copy + 1, at);
        }
        if (split == 0)
            whole = result;
        else if (result != whole)
            fail_msg("'%s': %d, but %d when split at %zu", text, whole, result, split);
        p->request.base = text; /* the copy is gone */
        free(copy);
    }
    return whole;
}

#define HOST "Host: a\r\n"

static const struct {
    const char *text;
    bool keep_alive, chunked;
    uint64_t length;
} accepted[] = {
    {"GET / HTTP/1.1\r\n" HOST "\r\n", true, false, 0},
    {"\r\nGET / HTTP/1.1\r\n" HOST "\r\n", true, false, 0},
    {"\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", true, false, 0},
    {"GET / HTTP/1.0\r\n\r\n", false, false, 0},
    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true, false, 0},
    {"GET / HTTP/1.9\r\n" HOST "\r\n", true, false, 0},
    {"GET / HTTP/1.1\r\n" HOST "Connection: x, close\r\n\r\n", false, false, 0},
    {"GET / HTTP/1.1\r\n" HOST "connection:keep-alive ,\tCLOSE\r\n\r\n", false, false, 0},
    {"GET / HTTP/1.1\r\nhOST:a:80\r\n\r\n", true, false, 0},
    {"GET / HTTP/1.1\r\nHost:\t [::1]:80 \t\r\n\r\n", true, false, 0},
    {"GET /a?b=c&%zz HTTP/1.1\r\n" HOST "\r\n", true, false, 0},
    {"GET http://a/b HTTP/1.1\r\n" HOST "\r\n", true, false, 0},
    {"GET HTTP://a HTTP/1.1\r\n" HOST "\r\n", true, false, 0},
    {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", true, false, 0},
    {"CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n", true, false, 0},
    {"BREW / HTTP/1.1\r\n" HOST "\r\n", true, false, 0},
    {"GET / HTTP/1.1\r\n" HOST "X:\r\n\r\n", true, false, 0},
    {"GET / HTTP/1.1\r\n" HOST "X: \xc3\xa9\t~\r\n\r\n", true, false, 0},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 7\r\n\r\n", true, false, 7},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n", true, true, 0},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n", true, true, 0},
    {"POST / HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\n\r\n", true, false, 0},
    {"GET / HTTP/1.0\r\nExpect: more\r\n\r\n", false, false, 0},
};

static void
requests_that_are_right_are_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
        struct http_parser p;
        int result = parse(accepted[i].text, strlen(accepted[i].text), &p);

        if (result != HTTP_PARSE_DONE)
            fail_msg("'%s' gave %d", accepted[i].text, result);
        assert_int_equal(p.request.keep_alive, accepted[i].keep_alive);
        assert_int_equal(p.request.chunked, accepted[i].chunked);
        assert_int_equal(p.request.content_length, accepted[i].length);
        assert_int_equal(p.request.size, strlen(accepted[i].text));
    }
}

#define REJECT(status, text)               \
    {                                      \
        (status), (text), sizeof(text) - 1 \
    }

static const struct {
    int status;
    const char *text;
    size_t n;
} rejected[] = {
    /* The line. */
    REJECT(400, "\r\n\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, "\nGET / HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, " GET / HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, "\x16\x03\x01"),
    REJECT(400, "GET / HTTP/1.1\n" HOST "\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\n" HOST "\n"),
    REJECT(400, "GET  / HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, "GET /  HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, "GET / HTTP/1.1 \r\n" HOST "\r\n"),
    REJECT(400, "GET\t/ HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, "GET /\r\n\r\n"),
    REJECT(400, "GET\r\n\r\n"),
    REJECT(400, "G(T / HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, "GET / http/1.1\r\n" HOST "\r\n"),
    REJECT(400, "GET / HTTP/1.10\r\n" HOST "\r\n"),
    REJECT(400, "GET / HTTP/1\r\n" HOST "\r\n"),
    REJECT(400, "GET / HTTP/x.1\r\n" HOST "\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\r\n" HOST "\r\n"),
    REJECT(505, "GET / HTTP/2.0\r\n" HOST "\r\n"),
    REJECT(505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    REJECT(505, "GET / HTTP/0.9\r\n\r\n"),
    REJECT(414, "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\n"),
    REJECT(414, "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    /* The target. */
    REJECT(400, "GET a HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, "GET * HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, "GET /a#b HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, "GET /a\\b HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, "GET /a\"b HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, "GET /\0 HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, "GET /\x7f HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, "GET http:///a HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, "GET http://u@a/ HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, "GET ftp://a/ HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, "GET a:80 HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, "CONNECT / HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, "CONNECT a HTTP/1.1\r\n" HOST "\r\n"),
    REJECT(400, "CONNECT a: HTTP/1.1\r\n" HOST "\r\n"),
    /* Fields. */
    REJECT(400, "GET / HTTP/1.1\r\n" HOST "X : y\r\n\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\n" HOST "X\r\n\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\n" HOST ": y\r\n\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\n" HOST "X: y\r\n z\r\n\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\n X: y\r\n" HOST "\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\n" HOST "X: y\rz\r\n\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\n" HOST "X: y\0z\r\n\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\n" HOST "X: y\x0bz\r\n\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\n" HOST "X@: y\r\n\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\n" HOST "X: y\n\r\n"),
    REJECT(431, "GET / HTTP/1.1\r\n" HOST "A:\r\nB:\r\nC:\r\nD:\r\n\r\n"),
    REJECT(431, "GET / HTTP/1.1\r\n" HOST "X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n"),
    REJECT(431, "GET / HTTP/1.1\r\n" HOST "X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    REJECT(431, "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\n" HOST
                "X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nY: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                "\r\nZ: aaa\r\n\r\n"),
    /* Host. */
    REJECT(400, "GET / HTTP/1.1\r\n\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\n" HOST HOST "\r\n"),
    REJECT(400, "GET / HTTP/1.0\r\n" HOST HOST "\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\nHost: [g::]\r\n\r\n"),
    REJECT(400, "GET / HTTP/1.1\r\nHost: %4\r\n\r\n"),
    REJECT(400, "GET http://a/ HTTP/1.1\r\n\r\n"),
    /* Framing. */
    REJECT(400,
           "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
    REJECT(400,
           "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5 5\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 007\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked,\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: ,chunked\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, gzip\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: ,\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked;a=b\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \"chunked\"\r\n\r\n"),
    REJECT(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chun ked\r\n\r\n"),
    REJECT(501, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n"),
    REJECT(400,
           "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n"),
    REJECT(417, "GET / HTTP/1.1\r\n" HOST "Expect: 200-ok\r\n\r\n"),
};

static void
requests_that_two_servers_could_read_differently_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rejected) / sizeof(rejected[0]); i++) {
        struct http_parser p;
        int result = parse(rejected[i].text, rejected[i].n, &p);

        if (result != rejected[i].status)
            fail_msg("'%s' gave %d, not %d", rejected[i].text, result, rejected[i].status);
    }
}

static void
a_limit_is_the_last_size_that_passes(void **state)
{
    /* 64 bytes of line, 40 of field. */
    static const char line[] =
        "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\n" HOST "\r\n";
    static const char field[] =
        "GET / HTTP/1.1\r\n" HOST "X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n";
    struct http_parser p;

    (void)state;
    assert_int_equal(strchr(line, '\r') - line, 64);
    assert_int_equal(parse(line, strlen(line), &p), HTTP_PARSE_DONE);
    assert_int_equal(parse(field, strlen(field), &p), HTTP_PARSE_DONE);
}

static void
the_parts_of_a_request_are_found(void **state)
{
    static const char text[] = "GET http://h:1/p?q HTTP/1.1\r\nHost: a\r\nIf-None-Match: x\r\n"
                               "If-Modified-Since:  y \r\n\r\nGET";
    struct http_parser p;
    struct str name, value;
    uint32_t iter = 0;
    const struct http_request *r = &p.request;

    (void)state;
    assert_int_equal(parse(text, strlen(text), &p), HTTP_PARSE_DONE);
    assert_int_equal(r->method, HTTP_GET);
    assert_int_equal(r->form, HTTP_FORM_ABSOLUTE);
    assert_true(str_eq(http_parse_str(r, r->path), "/p"));
    assert_true(str_eq(http_parse_str(r, r->query), "q"));
    assert_true(str_eq(http_parse_str(r, r->authority), "h:1"));
    assert_true(str_eq(http_parse_str(r, r->fields[HTTP_FIELD_IF_NONE_MATCH]), "x"));
    assert_true(str_eq(http_parse_str(r, r->fields[HTTP_FIELD_IF_MODIFIED_SINCE]), "y"));
    assert_int_equal(r->size, strlen(text) - 3);
    assert_true(http_parse_next(r, &iter, &name, &value));
    assert_true(str_eq(name, "Host") && str_eq(value, "a"));
    assert_true(http_parse_next(r, &iter, &name, &value));
    assert_true(http_parse_next(r, &iter, &name, &value));
    assert_true(str_eq(name, "If-Modified-Since") && str_eq(value, "y"));
    assert_false(http_parse_next(r, &iter, &name, &value));
}

static void
a_head_without_its_end_wants_more(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r";
    struct http_parser p;

    (void)state;
    for (size_t n = 0; n < sizeof(text); n++)
        assert_int_equal(parse(text, n, &p), HTTP_PARSE_MORE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_that_are_right_are_taken),
        cmocka_unit_test(requests_that_two_servers_could_read_differently_are_refused),
        cmocka_unit_test(a_limit_is_the_last_size_that_passes),
        cmocka_unit_test(the_parts_of_a_request_are_found),
        cmocka_unit_test(a_head_without_its_end_wants_more),
    };
    return cmocka_run_group_tests_name("server/http_parse", tests, NULL, NULL);
}
