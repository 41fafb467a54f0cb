/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_reply_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LIMIT = 512 };

/* Fed in parts of step bytes, each time from memory of exactly that size. */
static int
parse(struct http_reply_parser *p, const char *text, size_t step, char **copy)
{
    size_t n = strlen(text);
    int result = HTTP_REPLY_MORE;

    http_reply_parse_init(p, LIMIT);
    for (size_t have = step < n ? step : n; result == HTTP_REPLY_MORE;) {
        free(*copy);
        *copy = malloc(have);
        memcpy(*copy, text, have);
        result = http_reply_parse(p, *copy, have);
        if (have == n)
            break;
        have = have + step < n ? have + step : n;
    }
    return result;
}

static const struct {
    const char *text;
    unsigned status;
    enum http_reply_body body;
    uint64_t length;
    bool keep_alive;
} good[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, HTTP_REPLY_BODY_LENGTH, 5, true},
    {"HTTP/1.1 200 \r\n\r\n", 200, HTTP_REPLY_BODY_CLOSE, 0, true},
    {"HTTP/1.1 200\r\n\r\n", 200, HTTP_REPLY_BODY_CLOSE, 0, true},
    {"HTTP/1.0 200 OK\r\n\r\n", 200, HTTP_REPLY_BODY_CLOSE, 0, false},
    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n", 200,
     HTTP_REPLY_BODY_LENGTH, 1, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, HTTP_REPLY_BODY_CHUNKED, 0,
     true},
    {"HTTP/1.1 200 OK\r\ntransfer-encoding: CHUNKED\r\nconnection: X, Close\r\n\r\n", 200,
     HTTP_REPLY_BODY_CHUNKED, 0, false},
    {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, HTTP_REPLY_BODY_NONE, 0, true},
    {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, HTTP_REPLY_BODY_NONE, 5, false},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, HTTP_REPLY_BODY_NONE, 9, true},
    {"HTTP/1.1 100 Continue\r\n\r\n", 100, HTTP_REPLY_BODY_NONE, 0, true},
    {"HTTP/1.1 599 \xc3\xa4\r\nX:\r\n\r\n", 599, HTTP_REPLY_BODY_CLOSE, 0, true},
};

static const char *const bad[] = {
    "SSH-2.0-OpenSSH",
    "HTTP/2 200 OK\r\n\r\n",
    "http/1.1 200 OK\r\n\r\n",
    "HTTP/1.1  200 OK\r\n\r\n",
    "HTTP/1.1 20 OK\r\n\r\n",
    "HTTP/1.1 2000 OK\r\n\r\n",
    "HTTP/1.1 099 OK\r\n\r\n",
    "HTTP/1.1 600 OK\r\n\r\n",
    "HTTP/1.1 +20 OK\r\n\r\n",
    "HTTP/1.1 200 a\001b\r\n\r\n",
    "\r\nHTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.1 200 OK\n\n",
    "HTTP/1.1 200 OK\r\nX: y\n\r\n",
    "HTTP/1.1 200 OK\r\nX: y\rz\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX\r\n\r\n",
    "HTTP/1.1 200 OK\r\n: y\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: y\r\n folded\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n",
};

static void
answers_are_framed_by_their_fields_and_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        for (size_t step = 1; step <= strlen(good[i].text); step++) {
            struct http_reply_parser p;
            char *copy = NULL;

            if (parse(&p, good[i].text, step, &copy) != HTTP_REPLY_DONE)
                fail_msg("'%s' in steps of %zu: %s", good[i].text, step, p.why);
            assert_int_equal(p.reply.status, good[i].status);
            assert_int_equal(p.reply.size, strlen(good[i].text));
            assert_int_equal(p.reply.content_length, good[i].length);
            assert_int_equal(p.reply.keep_alive, good[i].keep_alive);
            assert_int_equal(http_reply_parse_body(&p.reply, HTTP_GET), good[i].body);
            assert_int_equal(http_reply_parse_body(&p.reply, HTTP_HEAD), HTTP_REPLY_BODY_NONE);
            free(copy);
        }
    }
}

static void
answers_that_two_readers_may_read_differently_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        for (size_t step = 1; step <= strlen(bad[i]); step++) {
            struct http_reply_parser p;
            char *copy = NULL;

            if (parse(&p, bad[i], step, &copy) != HTTP_REPLY_BROKEN)
                fail_msg("'%s' in steps of %zu", bad[i], step);
            assert_non_null(p.why);
            free(copy);
        }
    }
}

static void
a_head_has_a_limit(void **state)
{
    char text[2 * LIMIT] = "HTTP/1.1 200 OK\r\nX: ";
    struct http_reply_parser p;
    char *copy = NULL;

    (void)state;
    memset(text + strlen(text), 'a', LIMIT);
    assert_int_equal(parse(&p, text, 100, &copy), HTTP_REPLY_BROKEN);
    assert_string_equal(p.why, "a head above --proxy-limit-head");
    free(copy);
}

static void
all_fields_are_seen_in_order(void **state)
{
    static const char text[] = "HTTP/1.1 101 Switching Protocols\r\nDate: now\r\nServer: x\r\n"
                               "Upgrade:  websocket \r\nSet-Cookie: a=b: c\r\nE:\r\n\r\nrest";
    static const char *const expected[][2] = {
        {"Date", "now"},          {"Server", "x"}, {"Upgrade", "websocket"},
        {"Set-Cookie", "a=b: c"}, {"E", ""},
    };
    struct http_reply_parser p;
    struct str name, value;
    uint32_t iter = 0;
    char *copy = NULL;

    (void)state;
    assert_int_equal(parse(&p, text, 7, &copy), HTTP_REPLY_DONE);
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        assert_true(http_reply_parse_next(&p.reply, &iter, &name, &value));
        assert_true(str_eq(name, expected[i][0]));
        assert_true(str_eq(value, expected[i][1]));
    }
    assert_false(http_reply_parse_next(&p.reply, &iter, &name, &value));
    assert_true(p.reply.has_date && p.reply.has_server);
    assert_true(str_eq(http_reply_parse_str(&p.reply, p.reply.upgrade), "websocket"));
    assert_true(str_eq(http_reply_parse_str(&p.reply, p.reply.reason), "Switching Protocols"));
    free(copy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_framed_by_their_fields_and_status),
        cmocka_unit_test(answers_that_two_readers_may_read_differently_are_refused),
        cmocka_unit_test(a_head_has_a_limit),
        cmocka_unit_test(all_fields_are_seen_in_order),
    };
    return cmocka_run_group_tests_name("server/http_reply_parse", tests, NULL, NULL);
}
