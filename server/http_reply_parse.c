/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_reply_parse.h"

#include <string.h>

#include "base/num.h"
#include "server/http_chars.h"
#include "server/http_names.h"

enum { VERSION_SIZE = sizeof("HTTP/1.1 ") - 1, STATUS_SIZE = 3 };

void
http_reply_parse_init(struct http_reply_parser *p, uint32_t limit)
{
    memset(p, 0, sizeof(*p));
    p->limit = limit;
}

static int
broken(struct http_reply_parser *p, const char *why)
{
    p->why = why;
    return HTTP_REPLY_BROKEN;
}

static struct http_span
span_of(const struct http_reply *r, struct str s)
{
    return (struct http_span){(uint32_t)(s.p - r->base), (uint32_t)s.n};
}

/* 0 for what is none. */
static unsigned
status_of(const char *p)
{
    unsigned v = 0;

    for (int i = 0; i < STATUS_SIZE; i++) {
        if (!http_chars_is(p[i], HTTP_CHAR_DIGIT))
            return 0;
        v = v * 10 + (unsigned)(p[i] - '0');
    }
    return v >= 100 && v <= 599 ? v : 0;
}

/* "HTTP/1.1 200 OK", which can_begin() has looked at; the blank before a reason that is empty is
 * often left out. */
static int
take_status_line(struct http_reply_parser *p, struct str line)
{
    struct http_reply *r = &p->reply;
    struct str reason = {line.p + line.n, 0};

    if (line.n < VERSION_SIZE + STATUS_SIZE || !http_chars_is(line.p[7], HTTP_CHAR_DIGIT) ||
        line.p[8] != ' ')
        return broken(p, "the answer is no HTTP/1.x");
    r->status = status_of(line.p + VERSION_SIZE);
    if (r->status == 0)
        return broken(p, "a status that is none");
    if (line.n > VERSION_SIZE + STATUS_SIZE) {
        size_t at = VERSION_SIZE + STATUS_SIZE + 1;

        reason = (struct str){line.p + at, line.n - at};
        if (line.p[at - 1] != ' ')
            return broken(p, "a broken status line");
    }
    r->minor = line.p[7] == '0' ? 0 : 1;
    r->reason = span_of(r, reason);
    return HTTP_REPLY_MORE;
}

static int
take_content_length(struct http_reply_parser *p, struct str value)
{
    struct http_reply *r = &p->reply;

    if (r->has_length)
        return broken(p, "Content-Length twice");
    r->has_length = true;
    if (value.n == 0 || !http_chars_all(value, HTTP_CHAR_DIGIT) ||
        !num_parse_u64(value, INT64_MAX, &r->content_length))
        return broken(p, "a broken Content-Length");
    return HTTP_REPLY_MORE;
}

static void
take_transfer_encoding(struct http_reply_parser *p, struct str value)
{
    struct str coding;

    p->has_coding = true;
    p->coding_broken = p->coding_broken || value.n == 0;
    while (http_parse_token(&value, &coding)) {
        p->coding_broken = p->coding_broken || p->chunked_last;
        p->chunked_last = HTTP_NAME_IS(coding, "chunked");
        p->other_coding = p->other_coding || !p->chunked_last;
    }
}

static void
take_connection(struct http_reply_parser *p, struct str value)
{
    struct str token;

    p->reply.has_connection = true;
    while (http_parse_token(&value, &token)) {
        if (HTTP_NAME_IS(token, "close"))
            p->has_close = true;
        else if (HTTP_NAME_IS(token, "keep-alive"))
            p->has_keep_alive = true;
    }
}

/* The place of a line that does not go on to the client. */
static void
note_stop(struct http_reply *r, struct http_span line)
{
    if (r->n_stops < HTTP_REPLY_STOPS_MAX)
        r->stops[r->n_stops] = line;
    r->n_stops++;
}

static int
take_field(struct http_reply_parser *p, enum http_name name, struct str value)
{
    struct http_reply *r = &p->reply;

    switch (name) {
    case HTTP_NAME_DATE:
        r->has_date = true;
        break;
    case HTTP_NAME_SERVER:
        r->has_server = true;
        break;
    case HTTP_NAME_UPGRADE:
        if (r->upgrade.at == 0)
            r->upgrade = span_of(r, http_chars_trim(value));
        break;
    case HTTP_NAME_CONNECTION:
        take_connection(p, value);
        break;
    case HTTP_NAME_CONTENT_LENGTH:
        return take_content_length(p, http_chars_trim(value));
    case HTTP_NAME_TRANSFER_ENCODING:
        take_transfer_encoding(p, http_chars_trim(value));
        break;
    default:
        break;
    }
    return HTTP_REPLY_MORE;
}

/* The line holds no control character. */
static int
take_field_line(struct http_reply_parser *p, struct str line)
{
    enum http_name name;
    size_t n = 0;

    /* The CR behind the line ends it, if nothing else does. */
    while (http_chars_is(line.p[n], HTTP_CHAR_TOKEN))
        n++;

    /* No name: also a folded line.  A blank before the colon could be taken out, but no server of
     * today sends it. */
    if (n == 0 || n == line.n || line.p[n] != ':')
        return broken(p, "a broken field line");
    name = http_name_of((struct str){line.p, n});
    if (name == HTTP_NAME_OTHER)
        return HTTP_REPLY_MORE;
    if (http_name_is_of_one_hop(name) || name == HTTP_NAME_ACCEL)
        note_stop(&p->reply, (struct http_span){p->line_at, p->scanned - p->line_at});
    return take_field(p, name, (struct str){line.p + n + 1, line.n - n - 1});
}

/* A status that never has a body makes what frames one meaningless; whether the server sends one
 * all the same cannot be known, so nothing more is read from it. */
static int
finish(struct http_reply_parser *p)
{
    struct http_reply *r = &p->reply;
    bool bodyless = r->status < 200 || r->status == 204;

    r->keep_alive = !p->has_close && (r->minor > 0 || p->has_keep_alive);
    if (bodyless && (p->has_coding || r->content_length > 0))
        r->keep_alive = false;
    if (bodyless || !p->has_coding)
        return HTTP_REPLY_DONE;
    if (r->has_length)
        return broken(p, "Content-Length and Transfer-Encoding");
    if (r->minor == 0)
        return broken(p, "Transfer-Encoding in HTTP/1.0");
    if (p->coding_broken || p->other_coding || !p->chunked_last)
        return broken(p, "a Transfer-Encoding other than chunked");
    r->chunked = true;
    return HTTP_REPLY_DONE;
}

static int
take_line(struct http_reply_parser *p, struct str line)
{
    struct http_reply *r = &p->reply;

    if (!p->in_fields) {
        p->in_fields = true;
        r->field_lines.at = p->scanned;
        return take_status_line(p, line);
    }
    if (line.n > 0)
        return take_field_line(p, line);
    r->field_lines.n = p->line_at - r->field_lines.at;
    r->size = p->scanned;
    return finish(p);
}

/* What cannot become a status line is refused at once: it may never send a line end. */
static bool
can_begin(const char *base, size_t n)
{
    static const char start[] = "HTTP/1.";
    size_t at_most = n < sizeof(start) - 1 ? n : sizeof(start) - 1;

    return memcmp(base, start, at_most) == 0;
}

/* The next line, without its end; scanned is behind it then.  No byte is looked at twice, however
 * they come. */
static int
find_line(struct http_reply_parser *p, const char *base, size_t n, struct str *line)
{
    size_t end = p->scanned + http_chars_value_span(base + p->scanned, n - p->scanned);

    p->scanned = (uint32_t)end;
    if (end < n && base[end] == '\n')
        return broken(p, "a line that ends without CR");
    if (end < n && base[end] != '\r')
        return broken(p, "a control character");
    if (end + 1 < n && base[end + 1] != '\n')
        return broken(p, "a CR that ends no line");
    /* Of what has not come only the line end is known to be missing. */
    if ((n - end < 2 ? n : end + 2) > p->limit)
        return broken(p, "a head above --proxy-limit-head");
    if (n - end < 2)
        return HTTP_REPLY_MORE;
    p->scanned = (uint32_t)end + 2;
    *line = (struct str){base + p->line_at, end - p->line_at};
    return HTTP_REPLY_DONE;
}

int
http_reply_parse(struct http_reply_parser *p, const char *base, size_t n)
{
    struct str line;
    int result;

    p->reply.base = base;
    if (!p->in_fields && !can_begin(base, n))
        return broken(p, "the answer is no HTTP/1.x");
    while ((result = find_line(p, base, n, &line)) == HTTP_REPLY_DONE) {
        result = take_line(p, line);
        if (result != HTTP_REPLY_MORE)
            return result;
        p->line_at = p->scanned;
    }
    return result;
}

bool
http_reply_parse_next(const struct http_reply *r, uint32_t *iter, struct str *name,
                      struct str *value)
{
    return http_chars_next_field((struct str){r->base + r->field_lines.at, r->field_lines.n}, iter,
                                 name, value);
}

enum http_reply_body
http_reply_parse_body(const struct http_reply *r, enum http_method method)
{
    if (method == HTTP_HEAD || r->status < 200 || r->status == 204 || r->status == 304)
        return HTTP_REPLY_BODY_NONE;
    if (r->chunked)
        return HTTP_REPLY_BODY_CHUNKED;
    return r->has_length ? HTTP_REPLY_BODY_LENGTH : HTTP_REPLY_BODY_CLOSE;
}
