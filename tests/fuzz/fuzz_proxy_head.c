/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a proxy sends for what it got: the head that goes on must be one that is read as exactly one
 * request, framed as the proxy says and for the host that was asked for, and no field may pass that
 * is of one hop.  The first byte chooses the wishes.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "server/address.h"
#include "server/http_parse.h"
#include "server/http_reply_parse.h"
#include "server/iobuf.h"
#include "server/proxy_head.h"

enum { LENGTH = 12345, LIMIT = 4096 };

static const struct http_limits in_limits = {
    .line = 512, .fields = 32, .field = 1024, .head = 4096};
/* What goes may be larger: the proxy adds fields and joins lists. */
static const struct http_limits out_limits = {
    .line = 1024, .fields = 64, .field = 16384, .head = 65536};

static void
check_request(const struct http_request *was, const struct proxy_head *h, const struct iobuf *out)
{
    static const char *const never[] = {
        "te", "trailer", "keep-alive", "proxy-connection", "expect", "http2-settings", "proxy"};
    struct http_parser p;
    struct str name, value;
    uint32_t iter = 0;
    unsigned n_for = 0;

    http_parse_init(&p, &out_limits);
    assert(http_parse(&p, out->p + out->start, iobuf_n(out)) == HTTP_PARSE_DONE);
    assert(p.request.size == iobuf_n(out));
    assert(p.request.method == was->method && p.request.form == HTTP_FORM_ORIGIN);
    assert(p.request.chunked == (h->body == PROXY_HEAD_CHUNKED));
    assert(p.request.has_length == (h->body == PROXY_HEAD_LENGTH));
    assert(!p.request.has_length || p.request.content_length == LENGTH);
    while (http_parse_next(&p.request, &iter, &name, &value)) {
        for (size_t i = 0; i < ARRAY_LEN(never); i++)
            assert(!str_eq_nocase(name, never[i]));
        assert(memchr(name.p, '_', name.n) == NULL);
        n_for += str_eq_nocase(name, "x-forwarded-for");
        if (!h->trusted && str_eq_nocase(name, "x-forwarded-for"))
            assert(str_eq(value, "192.0.2.1"));
    }
    assert(n_for == 1);
}

static void
try_request(const char *p, size_t n, uint8_t wishes)
{
    struct http_parser parser;
    struct iobuf_pool pool;
    struct iobuf out = {.pool = &pool};
    struct address peer = {.size = sizeof(peer.v4)};
    struct proxy_head h = {
        .request = &parser.request,
        .peer = &peer,
        .trusted = (wishes & 1) != 0,
        .host = STR_LIT("upstream"),
        .length = LENGTH,
        .body = (enum proxy_head_body)((wishes >> 1) % 3),
    };

    http_parse_init(&parser, &in_limits);
    if (http_parse(&parser, p, n) != HTTP_PARSE_DONE || parser.request.method == HTTP_CONNECT ||
        parser.request.form == HTTP_FORM_ASTERISK)
        return;
    peer.v4 = (struct sockaddr_in){.sin_family = AF_INET};
    memcpy(&peer.v4.sin_addr, "\xc0\x00\x02\x01", 4);
    h.websocket = proxy_head_wants_websocket(&parser.request);
    iobuf_pool_init(&pool, 64, 0);
    if (proxy_head_request(&h, &out) == 0)
        check_request(&parser.request, &h, &out);
    iobuf_release(&out);
    iobuf_pool_done(&pool);
}

static void
try_reply(const char *p, size_t n)
{
    cleanup_buf struct buf fields = BUF_INIT(2 * LIMIT);
    cleanup_buf struct buf again = BUF_INIT(4 * LIMIT);
    struct http_reply_parser parser, second;

    http_reply_parse_init(&parser, LIMIT);
    if (http_reply_parse(&parser, p, n) != HTTP_REPLY_DONE ||
        !proxy_head_reply(&parser.reply, &fields))
        return;
    buf_append_str(&again, "HTTP/1.1 200 OK\r\n");
    buf_append_view(&again, buf_view(&fields));
    buf_append_str(&again, "\r\n");
    http_reply_parse_init(&second, 4 * LIMIT);
    assert(http_reply_parse(&second, again.p, again.n) == HTTP_REPLY_DONE);
    assert(second.reply.size == again.n);
    assert(second.reply.n_stops == 0);
    assert(!second.reply.has_length && !second.reply.chunked && !second.reply.has_connection);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy;

    if (size < 1)
        return 0;
    /* Memory of its own, so that a read past the end is seen. */
    copy = malloc(size);
    memcpy(copy, data + 1, size - 1);
    try_request(copy, size - 1, data[0]);
    try_reply(copy, size - 1);
    free(copy);
    return 0;
}
