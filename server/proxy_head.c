/* SPDX-License-Identifier: Apache-2.0 */
#include "server/proxy_head.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "server/address.h"
#include "server/bytes.h"
#include "server/forwarded.h"
#include "server/http_chars.h"
#include "server/http_names.h"
#include "server/http_parse.h"
#include "server/http_reply_parse.h"
#include "server/iobuf.h"

/* NAMED_MAX: fields that one Connection may name besides the usual ones.  EXTRA: all that is
 * written besides what the request brought. */
enum { NAMED_MAX = 16, EXTRA = 1024 };

struct named {
    struct str v[NAMED_MAX];
    size_t n;
};

/* One field of a request, as it stands there: the line ends behind the value. */
struct line {
    struct str name, value;
    enum http_name is;
    bool underscore; /* in its name */
    bool plain;      /* one blank before the value: it can go as it came */
};

/* ---- which fields ---- */

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
        if (HTTP_NAME_IS(token, "close") || http_name_is_of_one_hop(http_name_of(token)))
            continue;
        if (named->n == NAMED_MAX)
            return false;
        named->v[named->n++] = token;
    }
    return true;
}

/* ---- requests ---- */

/* The line at *at, which is moved behind it. */
static bool
next_line(const struct http_request *r, uint32_t *at, struct line *out)
{
    const char *p = r->base + r->field_lines.at + *at;
    size_t n = r->field_lines.n - *at;
    const char *start = p;

    if (n == 0)
        return false;
    out->underscore = false;
    for (; *p != ':'; p++)
        out->underscore |= *p == '_';
    out->name = (struct str){start, (size_t)(p - start)};
    p++;
    n -= (size_t)(p - start);
    out->value.n = http_chars_value_span(p, n);
    out->value.p = p;
    *at += (uint32_t)(p - start) + (uint32_t)out->value.n + 2;
    out->value = http_chars_trim(out->value);
    out->plain = out->value.n > 0 && out->value.p == p + 1 && *p == ' ' &&
                 out->value.p[out->value.n] == '\r';
    out->is = http_name_of(out->name);
    return true;
}

static bool
named_by_request(const struct http_request *r, struct named *named)
{
    struct line line;
    uint32_t at = 0;

    named->n = 0;
    if (!http_parse_has(r, HTTP_FIELD_CONNECTION))
        return true;
    while (next_line(r, &at, &line)) {
        if (line.is == HTTP_NAME_CONNECTION && !add_named(named, line.value))
            return false;
    }
    return true;
}

static bool
find_max_forwards(const struct http_request *r, uint64_t max, uint64_t *n)
{
    struct line line;
    uint32_t at = 0;

    while (next_line(r, &at, &line)) {
        if (HTTP_NAME_IS(line.name, "max-forwards"))
            return num_parse_u64(line.value, max, n);
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
put_end(char *p, struct str value)
{
    p = put(p, value);
    return PUT_LIT(p, "\r\n");
}

#define PUT_FIELD(p, start, value) put_end(PUT_LIT((p), start), (value))

static char *
put_line(char *p, const struct line *line)
{
    if (line->plain)
        return put(p, (struct str){line->name.p, line->name.n + line->value.n + 4});
    p = put(p, line->name);
    p = PUT_LIT(p, ": ");
    return put_end(p, line->value);
}

/* Where a request comes from: what is known, and what is said by those who are trusted. */
enum {
    ORIGIN_FIRST = HTTP_NAME_FORWARDED,
    ORIGIN_COUNT = HTTP_NAME_X_PROTO - HTTP_NAME_FORWARDED + 1
};

struct origin {
    char peer[INET6_ADDRSTRLEN];
    size_t peer_n;
    unsigned seen; /* a bit for each of the names */
    struct str first[ORIGIN_COUNT];
};

static bool
has(const struct origin *o, enum http_name name)
{
    return (o->seen & 1u << (name - ORIGIN_FIRST)) != 0;
}

static bool
tells_origin(enum http_name name)
{
    return name >= HTTP_NAME_FORWARDED && name <= HTTP_NAME_X_PROTO;
}

static void
note_origin(struct origin *o, const struct line *line)
{
    if (!has(o, line->is))
        o->first[line->is - ORIGIN_FIRST] = line->value;
    o->seen |= 1u << (line->is - ORIGIN_FIRST);
}

/* Every value of a list field that came, each followed by a comma: what we know comes behind. */
static char *
put_list(char *p, const struct proxy_head *h, const struct origin *o, enum http_name wanted)
{
    struct line line;
    uint32_t at = 0;

    if (!has(o, wanted))
        return p;
    while (next_line(h->request, &at, &line)) {
        if (line.value.n == 0 || line.is != wanted)
            continue;
        p = put(p, line.value);
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
static struct str
single(const struct origin *o, enum http_name name, struct str own)
{
    return has(o, name) && o->first[name - ORIGIN_FIRST].n > 0 ? o->first[name - ORIGIN_FIRST]
                                                               : own;
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
put_forwarded(char *p, const struct proxy_head *h, const struct origin *o, struct str host)
{
    struct str peer = {o->peer, o->peer_n};

    p = PUT_LIT(p, "Forwarded: ");
    p = put_list(p, h, o, HTTP_NAME_FORWARDED);
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
put_origin(char *p, const struct proxy_head *h, const struct origin *o, struct str host)
{
    struct str peer = {o->peer, o->peer_n};
    struct str proto = single(o, HTTP_NAME_X_PROTO, STR_LIT("http"));
    struct str address = single(o, HTTP_NAME_REAL_IP, peer);
    char *start = p;
    char *values;

    p = values = PUT_LIT(p, "X-Forwarded-For: ");
    p = put_list(p, h, o, HTTP_NAME_X_FOR);
    if (peer.n > 0) {
        p = put(p, peer);
        p = PUT_LIT(p, ", ");
    }
    p = end_list(start, values, p);
    if (address.n > 0)
        p = PUT_FIELD(p, "X-Real-IP: ", address);
    p = PUT_FIELD(p, "X-Forwarded-Proto: ", proto);
    p = PUT_FIELD(p, "X-Forwarded-Host: ", single(o, HTTP_NAME_X_HOST, host));
    p = PUT_FIELD(p, "X-Forwarded-Port: ",
                  single(o, HTTP_NAME_X_PORT, port_of(host, HTTP_NAME_IS(proto, "https"))));
    return put_forwarded(p, h, o, host);
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
    uint64_t n;

    if (h->body == PROXY_HEAD_CHUNKED) {
        p = PUT_LIT(p, "Transfer-Encoding: chunked\r\n");
    } else if (h->body == PROXY_HEAD_LENGTH) {
        p = PUT_LIT(p, "Content-Length: ");
        p = bytes_put_number(p, h->length);
        p = PUT_LIT(p, "\r\n");
    }
    if (h->websocket)
        p = PUT_LIT(p, "Connection: upgrade\r\nUpgrade: websocket\r\n");
    if (h->request->method == HTTP_OPTIONS && find_max_forwards(h->request, UINT32_MAX, &n) &&
        n > 0) {
        p = PUT_LIT(p, "Max-Forwards: ");
        p = bytes_put_number(p, n - 1);
        p = PUT_LIT(p, "\r\n");
    }
    return p;
}

/* All fields that go on; what is noted of the others is for put_origin(). */
static char *
put_lines(char *p, const struct proxy_head *h, const struct named *named, struct origin *o)
{
    struct line line;
    uint32_t at = 0;

    while (next_line(h->request, &at, &line)) {
        /* Connection may not take away what the proxy says. */
        if (tells_origin(line.is)) {
            if (h->trusted)
                note_origin(o, &line);
            continue;
        }
        if (line.underscore || line.is == HTTP_NAME_OURS || http_name_is_of_one_hop(line.is) ||
            (line.is == HTTP_NAME_X_FORWARDED && !h->trusted) ||
            (line.is == HTTP_NAME_REQUEST_ID && h->id.n > 0) || is_named(named, line.name))
            continue;
        p = put_line(p, &line);
    }
    return p;
}

unsigned
proxy_head_request(const struct proxy_head *h, struct iobuf *out)
{
    const struct http_request *r = h->request;
    struct str host = host_of(h);
    /* Each field goes once at most and may gain a blank to its four bytes or more; the host goes
     * three times, and its port once more. */
    size_t room = r->size + r->size / 4 + h->path.n + 4 * host.n + h->id.n + EXTRA;
    struct named named;
    struct origin origin;
    char *start, *p;

    if (!named_by_request(r, &named))
        return 400;
    origin.seen = 0;
    origin.peer_n = forwarded_host(h->peer, origin.peer) ? strlen(origin.peer) : 0;
    start = p = iobuf_room(out, room);
    p = put_request_line(p, h);
    p = PUT_FIELD(p, "Host: ", host);
    p = put_lines(p, h, &named, &origin);
    p = put_origin(p, h, &origin, host);
    if (h->id.n > 0)
        p = PUT_FIELD(p, "X-Request-Id: ", h->id);
    p = put_framing(p, h);
    p = PUT_LIT(p, "\r\n");
    assert((size_t)(p - start) <= room);
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
    struct line line;
    struct str token;
    uint32_t at = 0;
    bool upgrade = false;
    bool websocket = false;

    if (r->minor == 0 || r->method != HTTP_GET || r->chunked || r->content_length > 0 ||
        !http_parse_has(r, HTTP_FIELD_CONNECTION))
        return false;
    while (next_line(r, &at, &line)) {
        if (line.is == HTTP_NAME_UPGRADE)
            websocket = websocket || HTTP_NAME_IS(line.value, "websocket");
        if (line.is != HTTP_NAME_CONNECTION)
            continue;
        while (http_parse_token(&line.value, &token))
            upgrade = upgrade || HTTP_NAME_IS(token, "upgrade");
    }
    return upgrade && websocket;
}

bool
proxy_head_may_go_on(const struct http_request *r)
{
    uint64_t n;

    return r->method != HTTP_OPTIONS || !find_max_forwards(r, UINT64_MAX, &n) || n > 0;
}

/* ---- responses ---- */

static bool
named_by_reply(const struct http_reply *r, struct named *named)
{
    struct str name, value;
    uint32_t iter = 0;

    while (http_reply_parse_next(r, &iter, &name, &value)) {
        if (HTTP_NAME_IS(name, "connection") && !add_named(named, value))
            return false;
    }
    return true;
}

/* All but the lines that the parser has noted, in as few pieces as there are. */
static void
put_between_stops(const struct http_reply *r, struct buf *out)
{
    uint32_t at = r->field_lines.at;
    uint32_t end = r->field_lines.at + r->field_lines.n;

    for (uint32_t i = 0; i < r->n_stops; i++) {
        buf_append(out, r->base + at, r->stops[i].at - at);
        at = r->stops[i].at + r->stops[i].n;
    }
    buf_append(out, r->base + at, end - at);
}

/* One by one, when some are named or there are many to leave out. */
static void
put_each(const struct http_reply *r, const struct named *named, struct buf *out)
{
    struct str name, value;
    uint32_t iter = 0;

    while (http_reply_parse_next(r, &iter, &name, &value)) {
        enum http_name is = http_name_of(name);

        if (http_name_is_of_one_hop(is) || is == HTTP_NAME_ACCEL || is_named(named, name))
            continue;
        buf_append_view(out, name);
        buf_append(out, ": ", 2);
        buf_append_view(out, value);
        buf_append(out, "\r\n", 2);
    }
}

bool
proxy_head_reply(const struct http_reply *r, struct buf *out)
{
    struct named named;

    named.n = 0;
    if (r->has_connection && !named_by_reply(r, &named))
        return false;
    if (named.n == 0 && r->n_stops <= HTTP_REPLY_STOPS_MAX)
        put_between_stops(r, out);
    else
        put_each(r, &named, out);
    return !out->overflow;
}
