/* SPDX-License-Identifier: Apache-2.0 */
#include "server/proxy_head.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "server/address.h"
#include "server/forwarded.h"
#include "server/http_chars.h"
#include "server/http_parse.h"
#include "server/http_reply_parse.h"
#include "server/iobuf.h"

/* NAMED_MAX: fields that one Connection may name besides the usual ones.  EXTRA: all that is
 * written besides what the request brought. */
enum { NAMED_MAX = 16, EXTRA = 1024, NUMBER_MAX = 20 };

struct named {
    struct str v[NAMED_MAX];
    size_t n;
};

/* ---- which fields ---- */

static bool
is(struct str name, const char *other)
{
    return str_eq_nocase(name, other);
}

static bool
eq_nocase(struct str a, struct str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        unsigned char x = (unsigned char)a.p[i];
        unsigned char y = (unsigned char)b.p[i];

        /* Tokens are ASCII: only letters differ in this bit alone. */
        if (x != y && ((x ^ y) != 0x20 || (x | 0x20) < 'a' || (x | 0x20) > 'z'))
            return false;
    }
    return true;
}

/* Between two neighbours, or written by the proxy itself. */
static bool
is_of_one_hop(struct str name)
{
    switch (name.n) {
    case 2:
        return is(name, "te");
    case 7:
        return is(name, "upgrade") || is(name, "trailer");
    case 10:
        return is(name, "connection") || is(name, "keep-alive");
    case 14:
        return is(name, "content-length") || is(name, "http2-settings");
    case 16:
        return is(name, "proxy-connection");
    case 17:
        return is(name, "transfer-encoding");
    default:
        return false;
    }
}

static bool
is_forwarded(struct str name)
{
    return name.n > 12 && (name.p[0] | 0x20) == 'x' && is((struct str){name.p, 12}, "x-forwarded-");
}

/* Written by put_origin(). */
static bool
is_origin(struct str name)
{
    switch (name.n) {
    case 9:
        return is(name, "forwarded") || is(name, "x-real-ip");
    case 15:
        return is(name, "x-forwarded-for");
    case 16:
        return is(name, "x-forwarded-host") || is(name, "x-forwarded-port");
    case 17:
        return is(name, "x-forwarded-proto");
    default:
        return false;
    }
}

/* "Proxy" would become the variable HTTP_PROXY of a CGI program (https://httpoxy.org). */
static bool
is_ours(struct str name)
{
    switch (name.n) {
    case 4:
        return is(name, "host");
    case 5:
        return is(name, "proxy");
    case 6:
        return is(name, "expect");
    case 12:
        return is(name, "max-forwards");
    default:
        return false;
    }
}

static bool
is_named(const struct named *named, struct str name)
{
    for (size_t i = 0; i < named->n; i++) {
        if (eq_nocase(named->v[i], name))
            return true;
    }
    return false;
}

/* What Connection names besides what is dropped anyway. */
static bool
add_named(struct named *named, struct str value)
{
    struct str token;

    while (http_parse_token(&value, &token)) {
        if (is(token, "close") || is_of_one_hop(token))
            continue;
        if (named->n == NAMED_MAX)
            return false;
        named->v[named->n++] = token;
    }
    return true;
}

/* ---- requests ---- */

static bool
named_by_request(const struct http_request *r, struct named *named)
{
    struct str name, value;
    uint32_t iter = 0;

    named->n = 0;
    if (!http_parse_has(r, HTTP_FIELD_CONNECTION))
        return true;
    while (http_parse_next(r, &iter, &name, &value)) {
        if (name.n == 10 && is(name, "connection") && !add_named(named, value))
            return false;
    }
    return true;
}

static bool
find(const struct http_request *r, const char *wanted, struct str *value)
{
    struct str name;
    uint32_t iter = 0;

    while (http_parse_next(r, &iter, &name, value)) {
        if (is(name, wanted))
            return true;
    }
    return false;
}

static char *
put(char *p, struct str s)
{
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    return p + s.n;
}

#define PUT_LIT(p, literal) put((p), STR_LIT(literal))

static char *
put_number(char *p, uint64_t v)
{
    char digits[NUMBER_MAX];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    return put(p, (struct str){digits + at, sizeof(digits) - at});
}

static char *
put_field(char *p, struct str name, struct str value)
{
    p = put(p, name);
    p = PUT_LIT(p, ": ");
    p = put(p, value);
    return PUT_LIT(p, "\r\n");
}

/* Every value of a list field that came, each followed by a comma: what we know comes behind. */
static char *
put_list(char *p, const struct proxy_head *h, const char *wanted)
{
    struct str name, value;
    uint32_t iter = 0;

    while (h->trusted && http_parse_next(h->request, &iter, &name, &value)) {
        if (value.n == 0 || !is(name, wanted))
            continue;
        p = put(p, value);
        p = PUT_LIT(p, ", ");
    }
    return p;
}

/* The list without its last comma; the whole field goes when nothing is in it. */
static char *
end_list(char *start, char *values, char *p)
{
    if (p == values)
        return start;
    return PUT_LIT(p - 2, "\r\n");
}

/* One that may be brought by who is trusted, else is our own. */
static char *
put_single(char *p, const struct proxy_head *h, const char *name, struct str own)
{
    struct str value;

    if (!h->trusted || !find(h->request, name, &value) || value.n == 0)
        value = own;
    return value.n > 0 ? put_field(p, str_from(name), value) : p;
}

static struct str
host_of(const struct proxy_head *h)
{
    const struct http_request *r = h->request;
    struct str host = {NULL, 0};

    if (r->form == HTTP_FORM_ABSOLUTE)
        host = http_parse_str(r, r->authority);
    else if (http_parse_has(r, HTTP_FIELD_HOST))
        host = http_parse_str(r, r->fields[HTTP_FIELD_HOST]);
    return host.n > 0 ? host : h->host;
}

/* The port that the client asked for. */
static struct str
port_of(struct str host, bool tls)
{
    size_t at = host.n;

    while (at > 0 && host.p[at - 1] >= '0' && host.p[at - 1] <= '9')
        at--;
    if (at > 0 && at < host.n && host.p[at - 1] == ':')
        return (struct str){host.p + at, host.n - at};
    return tls ? STR_LIT("443") : STR_LIT("80");
}

/* for=192.0.2.1;host="a";proto=http (RFC 7239 4) */
static char *
put_forwarded(char *p, const struct proxy_head *h, struct str peer, struct str host)
{
    p = PUT_LIT(p, "Forwarded: ");
    p = put_list(p, h, "forwarded");
    if (peer.n == 0) {
        p = PUT_LIT(p, "for=unknown");
    } else if (memchr(peer.p, ':', peer.n) != NULL) {
        p = PUT_LIT(p, "for=\"[");
        p = put(p, peer);
        p = PUT_LIT(p, "]\"");
    } else {
        p = PUT_LIT(p, "for=");
        p = put(p, peer);
    }
    p = PUT_LIT(p, ";host=\"");
    p = put(p, host);
    return PUT_LIT(p, "\";proto=http\r\n");
}

static char *
put_origin(char *p, const struct proxy_head *h, struct str host)
{
    char text[INET6_ADDRSTRLEN];
    struct str peer = {text, 0};
    struct str proto;
    char *start = p;
    char *values;
    bool tls = h->trusted && find(h->request, "x-forwarded-proto", &proto) && is(proto, "https");

    if (forwarded_host(h->peer, text))
        peer.n = strlen(text);
    p = values = PUT_LIT(p, "X-Forwarded-For: ");
    p = put_list(p, h, "x-forwarded-for");
    if (peer.n > 0) {
        p = put(p, peer);
        p = PUT_LIT(p, ", ");
    }
    p = end_list(start, values, p);
    p = put_single(p, h, "X-Real-IP", peer);
    p = put_single(p, h, "X-Forwarded-Proto", STR_LIT("http"));
    p = put_single(p, h, "X-Forwarded-Host", host);
    p = put_single(p, h, "X-Forwarded-Port", port_of(host, tls));
    return put_forwarded(p, h, peer, host);
}

static char *
put_request_line(char *p, const struct proxy_head *h)
{
    const struct http_request *r = h->request;
    struct str path = h->path.p != NULL ? h->path : http_parse_str(r, r->path);

    p = put(p, http_parse_str(r, r->method_text));
    *p++ = ' ';
    p = path.n > 0 ? put(p, path) : PUT_LIT(p, "/");
    if (r->has_query) {
        *p++ = '?';
        p = put(p, http_parse_str(r, r->query));
    }
    return PUT_LIT(p, " HTTP/1.1\r\n");
}

static char *
put_framing(char *p, const struct proxy_head *h)
{
    struct str forwards;
    uint64_t n;

    if (h->body == PROXY_HEAD_CHUNKED) {
        p = PUT_LIT(p, "Transfer-Encoding: chunked\r\n");
    } else if (h->body == PROXY_HEAD_LENGTH) {
        p = PUT_LIT(p, "Content-Length: ");
        p = put_number(p, h->length);
        p = PUT_LIT(p, "\r\n");
    }
    if (h->websocket)
        p = PUT_LIT(p, "Connection: upgrade\r\nUpgrade: websocket\r\n");
    if (h->request->method == HTTP_OPTIONS && find(h->request, "max-forwards", &forwards) &&
        num_parse_u64(forwards, UINT32_MAX, &n) && n > 0) {
        p = PUT_LIT(p, "Max-Forwards: ");
        p = put_number(p, n - 1);
        p = PUT_LIT(p, "\r\n");
    }
    return p;
}

unsigned
proxy_head_request(const struct proxy_head *h, struct iobuf *out)
{
    const struct http_request *r = h->request;
    struct str host = host_of(h);
    struct named named;
    struct str name, value;
    uint32_t iter = 0;
    char *start, *p;

    if (!named_by_request(r, &named))
        return 400;
    /* What came stands at most three times in what goes (the host), and a field line may gain one
     * blank. */
    start = p = iobuf_room(out, 4 * (size_t)r->size + h->path.n + 3 * h->host.n + EXTRA);
    p = put_request_line(p, h);
    p = put_field(p, STR_LIT("Host"), host);
    while (http_parse_next(r, &iter, &name, &value)) {
        if (is_of_one_hop(name) || is_ours(name) || is_origin(name) ||
            (is_forwarded(name) && !h->trusted) || is_named(&named, name) ||
            memchr(name.p, '_', name.n) != NULL)
            continue;
        p = put_field(p, name, value);
    }
    p = put_origin(p, h, host);
    p = put_framing(p, h);
    p = PUT_LIT(p, "\r\n");
    out->end += (size_t)(p - start);
    return 0;
}

char *
proxy_head_path(const char *base, struct str rest)
{
    size_t n = strlen(base);
    char *path = mem_alloc(n + 3 * rest.n + 2);

    memcpy(path, base, n + 1);
    if (n + rest.n == 0)
        path[n++] = '/';
    for (size_t i = 0; i < rest.n; i++) {
        char c = rest.p[i];

        /* A '%' is one of the path's own. */
        if (c != '%' && http_chars_is(c, HTTP_CHAR_PATH))
            path[n++] = c;
        else
            n += (size_t)snprintf(path + n, 4, "%%%02X", (unsigned char)c);
    }
    return path;
}

bool
proxy_head_wants_websocket(const struct http_request *r)
{
    struct str name, value, token;
    uint32_t iter = 0;
    bool upgrade = false;
    bool websocket = false;

    if (r->minor == 0 || r->method != HTTP_GET || r->chunked || r->content_length > 0 ||
        !http_parse_has(r, HTTP_FIELD_CONNECTION))
        return false;
    while (http_parse_next(r, &iter, &name, &value)) {
        if (is(name, "upgrade"))
            websocket = websocket || is(value, "websocket");
        if (!is(name, "connection"))
            continue;
        while (http_parse_token(&value, &token))
            upgrade = upgrade || is(token, "upgrade");
    }
    return upgrade && websocket;
}

bool
proxy_head_may_go_on(const struct http_request *r)
{
    struct str value;
    uint64_t n;

    return r->method != HTTP_OPTIONS || !find(r, "max-forwards", &value) ||
           !num_parse_u64(value, UINT64_MAX, &n) || n > 0;
}

/* ---- responses ---- */

static bool
named_by_reply(const struct http_reply *r, struct named *named)
{
    struct str name, value;
    uint32_t iter = 0;

    named->n = 0;
    if (!r->has_connection)
        return true;
    while (http_reply_parse_next(r, &iter, &name, &value)) {
        if (is(name, "connection") && !add_named(named, value))
            return false;
    }
    return true;
}

bool
proxy_head_reply(const struct http_reply *r, struct buf *out)
{
    struct named named;
    struct str name, value;
    uint32_t iter = 0;

    if (!named_by_reply(r, &named))
        return false;
    while (http_reply_parse_next(r, &iter, &name, &value)) {
        /* X-Accel-* is what the application says to the proxy before it, by nginx's names. */
        if (is_of_one_hop(name) || is_named(&named, name) ||
            (name.n > 8 && is((struct str){name.p, 8}, "x-accel-")))
            continue;
        buf_append_view(out, name);
        buf_append(out, ": ", 2);
        buf_append_view(out, value);
        buf_append(out, "\r\n", 2);
    }
    return !out->overflow;
}
