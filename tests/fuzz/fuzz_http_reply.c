/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Answers of an upstream: the first byte chooses how the rest is split, and what is read must not
 * depend on it.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/http_chars.h"
#include "server/http_chunk.h"
#include "server/http_reply_parse.h"

enum { LIMIT = 1024 };

struct answer {
    int result;
    unsigned status;
    uint32_t size;
    uint64_t body;
    int body_result;
    bool keep_alive;
};

static void
use(const struct http_reply *r)
{
    struct str name, value, token;
    uint32_t iter = 0;

    while (http_reply_parse_next(r, &iter, &name, &value)) {
        assert(name.n > 0 && http_chars_all(name, HTTP_CHAR_TOKEN));
        assert(http_chars_all(value, HTTP_CHAR_VALUE));
        while (http_parse_token(&value, &token))
            assert(token.n > 0);
    }
    assert(r->status >= 100 && r->status <= 599);
    assert(!(r->chunked && r->has_length));
    assert(http_chars_all(http_reply_parse_str(r, r->reason), HTTP_CHAR_VALUE));
}

static void
read_chunks(const char *p, size_t n, struct answer *a)
{
    struct http_chunk c;
    size_t at = 0;

    http_chunk_init(&c);
    do {
        struct str data = {NULL, 0};
        size_t used = 0;

        a->body_result = http_chunk_decode(&c, p + at, n - at, &used, &data);
        at += used;
        a->body += data.n;
    } while (a->body_result == HTTP_CHUNK_DATA);
}

static struct answer
read_answer(const char *p, size_t n, uint32_t random)
{
    struct http_reply_parser parser;
    struct answer a;
    size_t have = random == 0 ? n : 0;

    memset(&a, 0, sizeof(a));
    http_reply_parse_init(&parser, LIMIT);
    while ((a.result = http_reply_parse(&parser, p, have)) == HTTP_REPLY_MORE && have < n) {
        random = random * 1664525 + 1013904223;
        have += 1 + (random >> 16) % (n - have) % 16;
    }
    if (a.result == HTTP_REPLY_BROKEN)
        assert(parser.why != NULL);
    if (a.result != HTTP_REPLY_DONE)
        return a;
    use(&parser.reply);
    a.status = parser.reply.status;
    a.size = parser.reply.size;
    a.keep_alive = parser.reply.keep_alive;
    assert(a.size <= have);
    a.body = parser.reply.content_length;
    if (http_reply_parse_body(&parser.reply, HTTP_GET) == HTTP_REPLY_BODY_CHUNKED)
        read_chunks(p + a.size, n - a.size, &a);
    return a;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct answer whole, split;
    char *copy;

    if (size < 1)
        return 0;
    /* Memory of its own, so that a read past the end is seen. */
    copy = malloc(size);
    memcpy(copy, data + 1, size - 1);
    whole = read_answer(copy, size - 1, 0);
    split = read_answer(copy, size - 1, data[0] + 1u);
    assert(memcmp(&whole, &split, sizeof(whole)) == 0);
    free(copy);
    return 0;
}
