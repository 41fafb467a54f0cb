/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_reply_parse.h"

#include <string.h>

#include "base/num.h"
#include "server/http_chars.h"

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

/* "HTTP/1.1 200 OK"; the blank before a reason that is empty is often left out. */
static int
take_status_line(struct http_reply_parser *p, struct str line)
{
    struct http_reply *r = &p->reply;
    struct str code = {line.p + VERSION_SIZE, STATUS_SIZE};
    struct str reason = {line.p + line.n, 0};
    uint64_t status;

    if (line.n < VERSION_SIZE + STATUS_SIZE || memcmp(line.p, "HTTP/1.", 7) != 0 ||
        !http_chars_is(line.p[7], HTTP_CHAR_DIGIT) || line.p[8] != ' ')
        return broken(p, "the answer is no HTTP/1.x");
    if (!num_parse_u64(code, 599, &status) || status < 100)
        return broken(p, "a status that is none");
    if (line.n > VERSION_SIZE + STATUS_SIZE) {
        size_t at = VERSION_SIZE + STATUS_SIZE + 1;

        reason = (struct str){line.p + at, line.n - at};
        if (line.p[at - 1] != ' ' || !http_chars_all(reason, HTTP_CHAR_VALUE))
            return broken(p, "a broken status line");
    }
    r->status = (unsigned)status;
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
        p->chunked_last = str_eq_nocase(coding, "chunked");
        p->other_coding = p->other_coding || !p->chunked_last;
    }
}

static void
take_connection(struct http_reply_parser *p, struct str value)
{
    struct str token;

    p->reply.has_connection = true;
    while (http_parse_token(&value, &token)) {
        if (str_eq_nocase(token, "close"))
            p->has_close = true;
        else if (str_eq_nocase(token, "keep-alive"))
            p->has_keep_alive = true;
    }
}

static int
take_field(struct http_reply_parser *p, struct str name, struct str value)
{
    struct http_reply *r = &p->reply;

    switch (name.n) {
    case 4:
        r->has_date = r->has_date || str_eq_nocase(name, "date");
        break;
    case 6:
        r->has_server = r->has_server || str_eq_nocase(name, "server");
        break;
    case 7:
        if (r->upgrade.at == 0 && str_eq_nocase(name, "upgrade"))
            r->upgrade = span_of(r, value);
        break;
    case 10:
        if (str_eq_nocase(name, "connection"))
            take_connection(p, value);
        break;
    case 14:
        if (str_eq_nocase(name, "content-length"))
            return take_content_length(p, value);
        break;
    case 17:
        if (str_eq_nocase(name, "transfer-encoding"))
            take_transfer_encoding(p, value);
        break;
    default:
        break;
    }
    return HTTP_REPLY_MORE;
}

static int
take_field_line(struct http_reply_parser *p, struct str line)
{
    size_t n = http_chars_span(line.p, line.n, HTTP_CHAR_TOKEN);
    struct str name = {line.p, n};
    struct str value;

    /* No name: also a folded line.  A blank before the colon could be taken out, but no server of
     * today sends it. */
    if (n == 0 || n == line.n || line.p[n] != ':')
        return broken(p, "a broken field line");
    value = http_chars_trim((struct str){line.p + n + 1, line.n - n - 1});
    if (!http_chars_all(value, HTTP_CHAR_VALUE))
        return broken(p, "a field with a control character");
    return take_field(p, name, value);
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

    if (line.n == 0 || line.p[line.n - 1] != '\r')
        return broken(p, "a line that ends without CR");
    line.n--;
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

int
http_reply_parse(struct http_reply_parser *p, const char *base, size_t n)
{
    p->reply.base = base;
    if (!p->in_fields && !can_begin(base, n))
        return broken(p, "the answer is no HTTP/1.x");
    for (;;) {
        const char *lf = n > p->scanned ? memchr(base + p->scanned, '\n', n - p->scanned) : NULL;
        struct str line;
        int result;

        p->scanned = lf != NULL ? (uint32_t)(lf - base) + 1 : (uint32_t)n;
        if (p->scanned > p->limit)
            return broken(p, "a head above --proxy-limit-head");
        if (lf == NULL)
            return HTTP_REPLY_MORE;
        line = (struct str){base + p->line_at, (size_t)(lf - base) - p->line_at};
        result = take_line(p, line);
        if (result != HTTP_REPLY_MORE)
            return result;
        p->line_at = p->scanned;
    }
}

bool
http_reply_parse_next(const struct http_reply *r, uint32_t *iter, struct str *name,
                      struct str *value)
{
    struct str rest = {r->base + r->field_lines.at + *iter, r->field_lines.n - *iter};
    struct str line;

    if (rest.n == 0)
        return false;
    line = str_cut(&rest, '\n');
    *iter += (uint32_t)line.n + 1;
    line.n--; /* the CR */
    *name = str_cut(&line, ':');
    *value = http_chars_trim(line);
    return true;
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
