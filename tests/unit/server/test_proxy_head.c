/* SPDX-License-Identifier: Apache-2.0 */
#include "server/proxy_head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "server/address.h"
#include "server/http_parse.h"
#include "server/http_reply_parse.h"
#include "server/iobuf.h"

static const struct http_limits limits = {
    .line = 4096, .fields = 100, .field = 8192, .head = 32768};

struct setup {
    const char *text;
    const char *peer;
    struct proxy_head head;
};

/* The head that goes for one that came; 400 is "". */
static char *
rewrite(const struct setup *s)
{
    struct http_parser parser;
    struct proxy_head h = s->head;
    struct address peer;
    struct err err = ERR_INIT;
    struct iobuf_pool pool;
    struct iobuf out = {.pool = &pool};
    char *copy;

    iobuf_pool_init(&pool, 64, 0);
    http_parse_init(&parser, &limits);
    assert_int_equal(http_parse(&parser, s->text, strlen(s->text)), HTTP_PARSE_DONE);
    assert_int_equal(address_parse(s->peer != NULL ? s->peer : "192.0.2.1:5000", &peer, &err), 0);
    h.request = &parser.request;
    h.peer = &peer;
    h.host = STR_LIT("upstream");
    copy =
        proxy_head_request(&h, &out) == 0 ? strndup(out.p + out.start, iobuf_n(&out)) : strdup("");
    iobuf_release(&out);
    iobuf_pool_done(&pool);
    return copy;
}

#define ORIGIN(host, port)                                                                  \
    "X-Forwarded-For: 192.0.2.1\r\nX-Real-IP: 192.0.2.1\r\nX-Forwarded-Proto: http\r\n"     \
    "X-Forwarded-Host: " host "\r\nX-Forwarded-Port: " port "\r\nForwarded: for=192.0.2.1;" \
    "host=\"" host "\";proto=http\r\n"

static const struct {
    struct setup setup;
    const char *expected;
} requests[] = {
    /* What there is goes on. */
    {{"GET /a%2Fb?c=d HTTP/1.1\r\nHost: x\r\nCookie:a\r\nX-Request-Id: 1\r\n\r\n", NULL, {0}},
     "GET /a%2Fb?c=d HTTP/1.1\r\nHost: x\r\nCookie: a\r\nX-Request-Id: 1\r\n" ORIGIN("x",
                                                                                     "80") "\r\n"},
    /* A name that is missing, a query that is empty. */
    {{"GET /? HTTP/1.0\r\n\r\n", NULL, {0}},
     "GET /? HTTP/1.1\r\nHost: upstream\r\n" ORIGIN("upstream", "80") "\r\n"},
    /* The target names the host. */
    {{"GET http://y:81 HTTP/1.1\r\nHost: x\r\n\r\n", NULL, {0}},
     "GET / HTTP/1.1\r\nHost: y:81\r\n" ORIGIN("y:81", "81") "\r\n"},
    /* What is between two neighbours stays there, named or not. */
    {{"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, X-Mine, close\r\nX-Mine: 1\r\n"
      "Keep-Alive: 5\r\nTE: trailers\r\nTrailer: a\r\nProxy-Connection: a\r\nUpgrade: h2c\r\n"
      "HTTP2-Settings: a\r\nExpect: 100-continue\r\nProxy: evil\r\nA: b\r\n\r\n",
      NULL,
      {0}},
     "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n" ORIGIN("x", "80") "\r\n"},
    /* Connection may not take away what the proxy says. */
    {{"GET / HTTP/1.1\r\nHost: x\r\nConnection: Host, X-Forwarded-For, Cookie\r\nCookie: a\r\n\r\n",
      NULL,
      {0}},
     "GET / HTTP/1.1\r\nHost: x\r\n" ORIGIN("x", "80") "\r\n"},
    {{"GET / HTTP/1.1\r\nHost: x\r\nConnection: X-Forwarded-For, X-Forwarded-Proto\r\n"
      "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\n\r\n",
      NULL,
      {.trusted = true}},
     "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 1.1.1.1, 192.0.2.1\r\nX-Real-IP: 192.0.2.1\r\n"
     "X-Forwarded-Proto: https\r\nX-Forwarded-Host: x\r\nX-Forwarded-Port: 443\r\n"
     "Forwarded: for=192.0.2.1;host=\"x\";proto=http\r\n\r\n"},
    /* Nobody may make up where it comes from. */
    {{"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\n"
      "X-Forwarded-Ssl: on\r\nX-Real-Ip: 1.1.1.1\r\nForwarded: for=1.1.1.1\r\n"
      "X_Forwarded_For: 1.1.1.1\r\nSCRIPT_NAME: /a\r\nX-Forwarded-Host: a\r\n"
      "X-Forwarded-Port: 1\r\n\r\n",
      NULL,
      {0}},
     "GET / HTTP/1.1\r\nHost: x\r\n" ORIGIN("x", "80") "\r\n"},
    /* But for those who are trusted. */
    {{"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\n"
      "X-Forwarded-Ssl: on\r\nX-Real-IP: 1.1.1.1\r\nForwarded: for=1.1.1.1\r\n"
      "X-Forwarded-For: 2.2.2.2, 3.3.3.3\r\n\r\n",
      NULL,
      {.trusted = true}},
     "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-Ssl: on\r\n"
     "X-Forwarded-For: 1.1.1.1, 2.2.2.2, 3.3.3.3, 192.0.2.1\r\nX-Real-IP: 1.1.1.1\r\n"
     "X-Forwarded-Proto: https\r\nX-Forwarded-Host: x\r\nX-Forwarded-Port: 443\r\n"
     "Forwarded: for=1.1.1.1, for=192.0.2.1;host=\"x\";proto=http\r\n\r\n"},
    /* A unix socket's peer has no address. */
    {{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "unix:/a", {.trusted = true}},
     "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: x\r\n"
     "X-Forwarded-Port: 80\r\nForwarded: for=unknown;host=\"x\";proto=http\r\n\r\n"},
    {{"GET / HTTP/1.1\r\nHost: [::1]\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n",
      "unix:/a",
      {.trusted = true}},
     "GET / HTTP/1.1\r\nHost: [::1]\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: http\r\n"
     "X-Forwarded-Host: [::1]\r\nX-Forwarded-Port: 80\r\n"
     "Forwarded: for=unknown;host=\"[::1]\";proto=http\r\n\r\n"},
    {{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "[2001:db8::1]:80", {0}},
     "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 2001:db8::1\r\nX-Real-IP: 2001:db8::1\r\n"
     "X-Forwarded-Proto: http\r\nX-Forwarded-Host: x\r\nX-Forwarded-Port: 80\r\n"
     "Forwarded: for=\"[2001:db8::1]\";host=\"x\";proto=http\r\n\r\n"},
    /* Bodies are framed anew, the path may be another, hops are counted. */
    {{"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
      NULL,
      {.body = PROXY_HEAD_LENGTH, .length = 1234}},
     "POST /a HTTP/1.1\r\nHost: x\r\n" ORIGIN("x", "80") "Content-Length: 1234\r\n\r\n"},
    {{"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
      NULL,
      {.body = PROXY_HEAD_CHUNKED, .path = {"/b", 2}}},
     "POST /b HTTP/1.1\r\nHost: x\r\n" ORIGIN("x", "80") "Transfer-Encoding: chunked\r\n\r\n"},
    {{"OPTIONS /a HTTP/1.1\r\nHost: x\r\nMax-Forwards: 5\r\n\r\n", NULL, {0}},
     "OPTIONS /a HTTP/1.1\r\nHost: x\r\n" ORIGIN("x", "80") "Max-Forwards: 4\r\n\r\n"},
    {{"GET /a HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: k\r\n\r\n",
      NULL,
      {.websocket = true}},
     "GET /a HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Key: k\r\n" ORIGIN(
         "x", "80") "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"},
    /* Nobody names so many. */
    {{"GET / HTTP/1.1\r\nHost: x\r\nConnection: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q\r\n\r\n",
      NULL,
      {0}},
     ""},
};

static void
a_request_is_written_anew(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        char *out = rewrite(&requests[i].setup);

        assert_string_equal(out, requests[i].expected);
        free(out);
    }
}

/* Of every field as many as fit: the room that is asked for must hold them. */
static void
a_head_full_of_fields_has_room(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(64 * 1024);
    struct setup s = {.head = {.trusted = true}};
    char *out;

    (void)state;
    buf_append_str(&text, "GET / HTTP/1.1\r\nHost:");
    for (int i = 0; i < 2000; i++)
        buf_append_char(&text, 'h');
    buf_append_str(&text, "\r\n");
    for (int i = 0; i < 45; i++)
        buf_append_str(&text, "a:\r\nX-Forwarded-For:b\r\n");
    buf_append_str(&text, "\r\n");
    s.text = buf_cstr(&text);
    out = rewrite(&s);
    assert_non_null(strstr(out, "a: \r\na: \r\n"));
    assert_non_null(strstr(out, "b, b, 192.0.2.1\r\n"));
    free(out);
}

static const struct {
    const char *text, *expected;
} replies[] = {
    {"HTTP/1.1 200 OK\r\nServer: a\r\nDate: b\r\nSet-Cookie: c\r\nSet-Cookie: d\r\n\r\n",
     "Server: a\r\nDate: b\r\nSet-Cookie: c\r\nSet-Cookie: d\r\n"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close, X-A\r\nX-A: 1\r\nKeep-Alive: a\r\n"
     "X-Accel-Buffering: no\r\nX_B: 2\r\n\r\n",
     "X_B: 2\r\n"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: a\r\nUpgrade: h2c\r\nE:\r\n\r\n",
     "E:\r\n"},
    /* More to leave out than the parser notes the places of; and some that are named. */
    {"HTTP/1.1 200 OK\r\nA: 1\r\nTE: 1\r\nTE: 2\r\nTE: 3\r\nB: 2\r\nTE: 4\r\nTE: 5\r\nTE: 6\r\n"
     "TE: 7\r\nTE: 8\r\nTE: 9\r\nC: 3\r\n\r\n",
     "A: 1\r\nB: 2\r\nC: 3\r\n"},
    {"HTTP/1.1 200 OK\r\nTE: 1\r\nX-Accelerate: 1\r\nA:\t1 \r\nx-accel-redirect: /a\r\n"
     "Content-Length: 0\r\nTe: 1\r\n\r\n",
     "X-Accelerate: 1\r\nA:\t1 \r\n"},
    {"HTTP/1.1 200 OK\r\nConnection: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q\r\n\r\n", NULL},
};

static void
a_response_leaves_what_is_of_one_hop(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        cleanup_buf struct buf out = BUF_INIT(1024);
        struct http_reply_parser p;
        bool ok;

        http_reply_parse_init(&p, 1024);
        assert_int_equal(http_reply_parse(&p, replies[i].text, strlen(replies[i].text)),
                         HTTP_REPLY_DONE);
        ok = proxy_head_reply(&p.reply, &out);
        assert_int_equal(ok, replies[i].expected != NULL);
        if (ok)
            assert_string_equal(buf_cstr(&out), replies[i].expected);
    }
}

static const struct {
    const char *text;
    bool websocket, may_go_on;
} wishes[] = {
    {"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n",
     true, true},
    {"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nUpgrade: websocket\r\n\r\n", false,
     true},
    {"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", false, true},
    {"GET / HTTP/1.0\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", false, true},
    {"POST / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", false,
     true},
    {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: upgrade\r\n"
     "Upgrade: websocket\r\n\r\n",
     false, true},
    {"OPTIONS / HTTP/1.1\r\nHost: x\r\nMax-Forwards: 0\r\n\r\n", false, false},
    {"OPTIONS / HTTP/1.1\r\nHost: x\r\nMax-Forwards: 1\r\n\r\n", false, true},
    {"GET / HTTP/1.1\r\nHost: x\r\nMax-Forwards: 0\r\n\r\n", false, true},
};

static void
wishes_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wishes); i++) {
        struct http_parser p;

        http_parse_init(&p, &limits);
        assert_int_equal(http_parse(&p, wishes[i].text, strlen(wishes[i].text)), HTTP_PARSE_DONE);
        assert_int_equal(proxy_head_wants_websocket(&p.request), wishes[i].websocket);
        assert_int_equal(proxy_head_may_go_on(&p.request), wishes[i].may_go_on);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_written_anew),
        cmocka_unit_test(a_head_full_of_fields_has_room),
        cmocka_unit_test(a_response_leaves_what_is_of_one_hop),
        cmocka_unit_test(wishes_are_understood),
    };
    return cmocka_run_group_tests_name("server/proxy_head", tests, NULL, NULL);
}
