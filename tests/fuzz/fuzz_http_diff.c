/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The parser against a known one (http-parser): what ours accepts, that one accepts too, and both
 * see the same request.  The other way round need not hold, as ours is stricter on purpose.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Both use the same names. */
#define http_parser  peer_parser
#define http_method  peer_method
#define HTTP_DELETE  PEER_DELETE
#define HTTP_GET     PEER_GET
#define HTTP_HEAD    PEER_HEAD
#define HTTP_POST    PEER_POST
#define HTTP_PUT     PEER_PUT
#define HTTP_CONNECT PEER_CONNECT
#define HTTP_OPTIONS PEER_OPTIONS
#define HTTP_TRACE   PEER_TRACE
#define HTTP_PATCH   PEER_PATCH
#include <http_parser.h>
#undef http_parser
#undef http_method
#undef HTTP_DELETE
#undef HTTP_GET
#undef HTTP_HEAD
#undef HTTP_POST
#undef HTTP_PUT
#undef HTTP_CONNECT
#undef HTTP_OPTIONS
#undef HTTP_TRACE
#undef HTTP_PATCH

#include "server/http_parse.h"

enum { FIELDS_MAX = 64 };

static const struct http_limits limits = {.line = 2048, .fields = 32, .field = 1024, .head = 8192};

struct seen {
    struct str url;
    struct str names[FIELDS_MAX], values[FIELDS_MAX];
    size_t n;
    bool in_value, complete;
};

static void
join(struct str *s, const char *at, size_t n)
{
    s->p = s->p != NULL ? s->p : at;
    s->n += n;
}

static int
on_url(struct peer_parser *p, const char *at, size_t n)
{
    join(&((struct seen *)p->data)->url, at, n);
    return 0;
}

static int
on_name(struct peer_parser *p, const char *at, size_t n)
{
    struct seen *s = p->data;

    if (s->in_value || s->n == 0)
        s->n++;
    s->in_value = false;
    join(&s->names[s->n - 1], at, n);
    return 0;
}

static int
on_value(struct peer_parser *p, const char *at, size_t n)
{
    struct seen *s = p->data;

    s->in_value = true;
    join(&s->values[s->n - 1], at, n);
    return 0;
}

static int
on_complete(struct peer_parser *p)
{
    ((struct seen *)p->data)->complete = true;
    http_parser_pause(p, 1);
    return 0;
}

static bool
same(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* That one takes a longer name that begins so for Transfer-Encoding itself, a tab behind a
 * Content-Length for a part of it, and reads lists with empty members in its own way. */
static bool
confuses_peer(const struct http_request *r)
{
    struct str name, value;
    uint32_t iter = 0;

    while (http_parse_next(r, &iter, &name, &value)) {
        if (name.n > 17 && str_eq_nocase((struct str){name.p, 17}, "transfer-encoding"))
            return true;
        if (str_eq_nocase(name, "connection") && str_find(value, ',') >= 0)
            return true;
    }
    return memchr(r->base, '\t', r->size) != NULL;
}

static void
compare(const struct http_request *r, const struct peer_parser *p, const struct seen *s)
{
    struct str name, value;
    uint32_t iter = 0;
    size_t n = 0;

    assert(s->complete);
    assert(strcmp(http_method_str((enum peer_method)p->method),
                  http_parse_method_name(r->method)) == 0);
    assert(same(s->url, http_parse_str(r, r->target)));
    assert(p->http_major == 1 && (p->http_minor == 0) == (r->minor == 0));
    while (http_parse_next(r, &iter, &name, &value)) {
        assert(n < s->n && same(s->names[n], name));
        /* That one leaves blanks at a value's end. */
        assert(same(str_trim(s->values[n]), str_trim(value)));
        n++;
    }
    assert(n == s->n);
    assert(((p->flags & F_CHUNKED) != 0) == r->chunked);
    assert(((p->flags & F_CONTENTLENGTH) != 0) == r->has_length);
    assert(!r->has_length || p->content_length == r->content_length);
    assert(r->chunked || (http_should_keep_alive(p) != 0) == r->keep_alive);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const http_parser_settings settings = {.on_url = on_url,
                                                  .on_header_field = on_name,
                                                  .on_header_value = on_value,
                                                  .on_headers_complete = on_complete};
    struct seen seen = {.n = 0};
    struct http_parser ours;
    struct peer_parser peer;

    http_parse_init(&ours, &limits);
    if (http_parse(&ours, (const char *)data, size) != HTTP_PARSE_DONE)
        return 0;
    if (ours.request.method == HTTP_METHOD_OTHER || ours.request.method == HTTP_CONNECT ||
        confuses_peer(&ours.request))
        return 0;
    http_parser_init(&peer, HTTP_REQUEST);
    peer.data = &seen;
    http_parser_execute(&peer, &settings, (const char *)data, ours.request.size);
    compare(&ours.request, &peer, &seen);
    return 0;
}
