/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A stream of pipelined requests: the first byte chooses how the rest is split, and what is read
 * must not depend on it.  Also what handlers do with a request: its path, fields and dates.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/http_chars.h"
#include "server/http_chunk.h"
#include "server/http_date.h"
#include "server/http_parse.h"

enum { LINE = 512, ANSWERS_MAX = 64 };

static const struct http_limits limits = {.line = LINE, .fields = 8, .field = 256, .head = 1024};

struct answer {
    int status; /* HTTP_PARSE_DONE or a refusal */
    uint64_t body;
    uint32_t size;
};

struct reader {
    const char *p;
    size_t n, have; /* in all, arrived */
    uint32_t random;
};

/* A part of what is still to come; false at the end. */
static bool
arrive(struct reader *r)
{
    size_t left = r->n - r->have;

    if (left == 0)
        return false;
    r->random = r->random * 1664525 + 1013904223;
    r->have += r->random == 0 ? left : 1 + (r->random >> 16) % left % 16;
    return true;
}

static void
use(const struct http_request *r)
{
    struct str path = http_parse_str(r, r->path);
    char *room = malloc(path.n + 1);
    struct str out, name, value, token;
    uint32_t iter = 0;
    int64_t t;

    if (http_target_path(path, room, &out) == HTTP_PATH_OK && r->form != HTTP_FORM_ASTERISK &&
        r->form != HTTP_FORM_AUTHORITY) {
        assert(out.n > 0 && out.p[0] == '/');
        assert(memchr(out.p, '\0', out.n) == NULL);
        assert(memmem(out.p, out.n, "/../", 4) == NULL);
    }
    if (r->plain_path) {
        assert(http_target_path(path, room, &out) == HTTP_PATH_OK);
        assert(out.n == path.n && memcmp(out.p, path.p, out.n) == 0);
    }
    while (http_parse_next(r, &iter, &name, &value)) {
        assert(name.n > 0 && http_chars_all(value, HTTP_CHAR_VALUE));
        if (http_date_parse(value, 0, &t))
            assert(t > INT64_MIN);
        while (http_parse_token(&value, &token))
            assert(token.n > 0);
    }
    assert(r->minor == 0 || http_parse_has(r, HTTP_FIELD_HOST));
    assert(!(r->chunked && r->has_length));
    free(room);
}

/* 0 at the end of the input, else HTTP_CHUNK_DONE or a refusal; *at moves behind the body. */
static int
read_body(struct reader *r, const struct http_request *request, size_t *at, uint64_t *body)
{
    struct http_chunk c;

    http_chunk_init(&c);
    *body = request->content_length;
    if (!request->chunked) {
        if (*body > r->n - *at)
            return 0;
        *at += (size_t)*body;
        if (r->have < *at)
            r->have = *at;
        return HTTP_CHUNK_DONE;
    }
    for (;;) {
        struct str data = {NULL, 0};
        size_t used = 0;
        int result = http_chunk_decode(&c, r->p + *at, r->have - *at, &used, &data);

        *at += used;
        *body += data.n;
        if (result == HTTP_CHUNK_MORE && !arrive(r))
            return 0;
        if (result != HTTP_CHUNK_MORE && result != HTTP_CHUNK_DATA)
            return result;
    }
}

static unsigned
read_stream(struct reader *r, struct answer *answers)
{
    size_t at = 0;
    unsigned n = 0;

    while (n < ANSWERS_MAX) {
        struct http_parser parser;
        struct answer *a = &answers[n];
        int result = HTTP_PARSE_MORE;

        http_parse_init(&parser, &limits);
        memset(a, 0, sizeof(*a));
        while ((result = http_parse(&parser, r->p + at, r->have - at)) == HTTP_PARSE_MORE) {
            if (!arrive(r))
                return n;
        }
        a->status = result;
        n++;
        if (result != HTTP_PARSE_DONE)
            return n;
        use(&parser.request);
        a->size = parser.request.size;
        at += a->size;
        result = read_body(r, &parser.request, &at, &a->body);
        if (result != HTTP_CHUNK_DONE) {
            a->status = result;
            return n;
        }
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct answer whole[ANSWERS_MAX], split[ANSWERS_MAX];
    unsigned n_whole, n_split;
    char *copy;

    if (size < 1)
        return 0;
    /* Memory of its own, so that a read past the end is seen. */
    copy = malloc(size);
    memcpy(copy, data + 1, size - 1);
    n_whole = read_stream(&(struct reader){copy, size - 1, size - 1, 0}, whole);
    n_split = read_stream(&(struct reader){copy, size - 1, 0, data[0] + 1u}, split);
    assert(n_whole == n_split);
    assert(memcmp(whole, split, n_whole * sizeof(whole[0])) == 0);
    free(copy);
    return 0;
}
