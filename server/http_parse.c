/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_parse.h"

#include <string.h>

#include "server/bytes.h"
#include "server/http_chars.h"
#include "server/http_field.h"

enum {
    EMPTY_LINES_MAX = 2,
    VERSION_SIZE = sizeof("HTTP/1.1") - 1,
    METHOD_MAX = 64 /* longer than any that is registered */
};

#define METHOD(name)                          \
    {                                         \
#name, sizeof(#name) - 1, HTTP_##name \
    }

static const struct {
    const char *name;
    size_t n;
    enum http_method method;
} methods[] = {
    METHOD(GET),    METHOD(HEAD),  METHOD(OPTIONS), METHOD(POST),    METHOD(PUT),
    METHOD(DELETE), METHOD(PATCH), METHOD(TRACE),   METHOD(CONNECT),
};

void
http_parse_init(struct http_parser *p, const struct http_limits *limits)
{
    bytes_clear(p, sizeof(*p));
    p->limits = limits;
    p->request.base = ""; /* so that its spans, all empty, are views of something */
}

const char *
http_parse_method_name(enum http_method method)
{
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (methods[i].method == method)
            return methods[i].name;
    }
    return "";
}

static enum http_method
method_of(struct str name)
{
    if (str_eq(name, "GET"))
        return HTTP_GET;
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (name.n == methods[i].n && memcmp(name.p, methods[i].name, name.n) == 0)
            return methods[i].method;
    }
    return HTTP_METHOD_OTHER;
}

static struct http_span
span_of(const struct http_request *r, struct str s)
{
    return s.p != NULL ? (struct http_span){(uint32_t)(s.p - r->base), (uint32_t)s.n}
                       : (struct http_span){0, 0};
}

/* 0, or the status to refuse with. */
static int
parse_version(struct str text, struct http_request *r)
{
    if (text.n != VERSION_SIZE || memcmp(text.p, "HTTP/", 5) != 0 || text.p[6] != '.' ||
        !http_chars_is(text.p[5], HTTP_CHAR_DIGIT) || !http_chars_is(text.p[7], HTTP_CHAR_DIGIT))
        return 400;
    if (text.p[5] != '1')
        return 505;
    r->minor = text.p[7] == '0' ? 0 : 1;
    return 0;
}

static int
parse_request_line(struct http_request *r, struct str line)
{
    struct str method = {line.p, http_chars_span(line.p, line.n, HTTP_CHAR_TOKEN)};
    struct str rest = {line.p + method.n, line.n - method.n};
    struct str target;
    struct http_target parts;
    size_t end;
    int status;

    if (method.n == 0 || rest.n == 0 || rest.p[0] != ' ')
        return 400;
    rest = (struct str){rest.p + 1, rest.n - 1};
    end = bytes_find(rest.p, rest.n, ' ');
    if (end == 0 || end == rest.n)
        return 400;
    target = (struct str){rest.p, end};
    /* Before the target, so that HTTP/2's preface gets the answer it deserves. */
    status = parse_version((struct str){rest.p + end + 1, rest.n - end - 1}, r);
    if (status != 0)
        return status;
    if (!http_target_parse(method, target, &parts))
        return 400;
    r->method = method_of(method);
    r->form = parts.form;
    r->method_text = span_of(r, method);
    r->target = span_of(r, target);
    r->path = span_of(r, parts.path);
    r->query = span_of(r, parts.query);
    r->authority = span_of(r, parts.host);
    r->plain_path = parts.plain;
    r->has_query = parts.query.p != NULL;
    return 0;
}

static int
parse_field_line(struct http_parser *p, struct str line)
{
    size_t n = http_chars_span(line.p, line.n, HTTP_CHAR_TOKEN);
    struct str name = {line.p, n};
    struct str value;

    /* No name: also a folded line.  No colon right behind it: also "Name : value". */
    if (n == 0 || n == line.n || line.p[n] != ':')
        return 400;
    value = http_chars_trim((struct str){line.p + n + 1, line.n - n - 1});
    if (!http_chars_all_value(value))
        return 400;
    return http_field_take(p, name, value);
}

static int
take_line(struct http_parser *p, struct str line)
{
    struct http_request *r = &p->request;
    int status;

    if (line.n == 0 || line.p[line.n - 1] != '\r')
        return 400;
    line.n--;
    if (!p->in_fields) {
        if (line.n == 0)
            return ++p->n_empty > EMPTY_LINES_MAX ? 400 : HTTP_PARSE_MORE;
        p->in_fields = true;
        r->field_lines.at = p->scanned;
        return parse_request_line(r, line);
    }
    if (line.n > 0) {
        if (++p->n_fields > p->limits->fields)
            return 431;
        return parse_field_line(p, line);
    }
    r->field_lines.n = p->line_at - r->field_lines.at;
    r->size = p->scanned;
    status = http_field_finish(p);
    return status != 0 ? status : HTTP_PARSE_DONE;
}

static int
refuse_long_line(const struct http_parser *p)
{
    if (p->in_fields)
        return 431;
    /* What has not come to its target yet is no long target. */
    return memchr(p->request.base + p->line_at, ' ', METHOD_MAX) == NULL ? 400 : 414;
}

/* Limits come before the content of a line, so that it makes no difference whether its end has
 * arrived already. */
static inline int
check_limits(const struct http_parser *p, size_t line_n, size_t head_n)
{
    if (line_n > (p->in_fields ? p->limits->field : p->limits->line) + 1)
        return refuse_long_line(p);
    return head_n > p->limits->head ? 431 : 0;
}

int
http_parse(struct http_parser *p, const char *base, size_t n)
{
    p->request.base = base;
    for (;;) {
        struct str line;
        size_t lf;
        int status;

        /* What can begin no request is refused at once: a TLS hello may never send a line end. */
        if (!p->in_fields && n > p->line_at && base[p->line_at] != '\r' &&
            !http_chars_is(base[p->line_at], HTTP_CHAR_TOKEN))
            return 400;
        lf = p->scanned + bytes_find(base + p->scanned, n - p->scanned, '\n');
        if (lf == n) {
            p->scanned = (uint32_t)n;
            return check_limits(p, n - p->line_at, n);
        }
        line = (struct str){base + p->line_at, lf - p->line_at};
        p->scanned = (uint32_t)lf + 1;
        status = check_limits(p, line.n, p->scanned);
        if (status == 0)
            status = take_line(p, line);
        if (status != HTTP_PARSE_MORE)
            return status;
        p->line_at = p->scanned;
    }
}

bool
http_parse_next(const struct http_request *r, uint32_t *iter, struct str *name, struct str *value)
{
    return http_chars_next_field((struct str){r->base + r->field_lines.at, r->field_lines.n}, iter,
                                 name, value);
}

bool
http_parse_token(struct str *list, struct str *token)
{
    while (list->p != NULL) {
        *token = http_chars_trim(str_cut(list, ','));
        if (token->n > 0)
            return true;
    }
    return false;
}
