/* SPDX-License-Identifier: Apache-2.0 */
#include "server/routefile.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "server/http_parse.h"

enum {
    ROUTES_MAX = 10000,
    CACHE_MAX_S = 366 * 24 * 3600,
    TAB = 8,
    STATUS_FIRST = 200,
    STATUS_LAST = 299
};

/* One line of the file. */
struct line {
    unsigned number;
    size_t indent;
    struct str text; /* without blanks at both ends */
};

struct reader {
    struct str rest;
    struct line line; /* the present one */
    bool ended;
};

void
routefile_fault(struct routefile_parser *p, unsigned line, const char *fmt, ...)
{
    cleanup_buf struct buf text = BUF_INIT(1024);
    va_list ap;
    char why[768];

    va_start(ap, fmt);
    vsnprintf(why, sizeof(why), fmt, ap);
    va_end(ap);
    buf_appendf(&text, "%s:%u: %s\n", p->name, line, why);
    buf_append_view(p->findings, buf_view(&text));
    p->n_findings++;
}

struct str
routefile_word(struct str *rest)
{
    struct str word;

    *rest = str_trim(*rest);
    word = (struct str){rest->p, 0};
    while (word.n < rest->n && rest->p[word.n] != ' ' && rest->p[word.n] != '\t')
        word.n++;
    rest->p += word.n;
    rest->n -= word.n;
    *rest = str_trim(*rest);
    return word;
}

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool
routefile_is_name(struct str s)
{
    if (s.n == 0 || s.n > 64 || !is_letter(s.p[0]))
        return false;
    for (size_t i = 1; i < s.n; i++) {
        if (!is_letter(s.p[i]) && (s.p[i] < '0' || s.p[i] > '9'))
            return false;
    }
    return true;
}

int
routefile_param_find(const struct routefile_route *r, struct str name)
{
    for (size_t i = 0; i < r->n_params; i++) {
        if (str_eq(name, r->params[i].name))
            return (int)i;
    }
    return -1;
}

/* ---- lines ---- */

static size_t
indent_of(struct str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n && (s.p[i] == ' ' || s.p[i] == '\t'); i++)
        n = s.p[i] == '\t' ? (n / TAB + 1) * TAB : n + 1;
    return n;
}

/* The next line that has something besides a comment. */
static void
next_line(struct reader *r)
{
    while (r->rest.p != NULL) {
        struct str text = str_cut(&r->rest, '\n');

        r->line.number++;
        r->line.indent = indent_of(text);
        r->line.text = str_trim(text);
        if (r->line.text.n > 0 && r->line.text.p[0] != '#')
            return;
    }
    r->ended = true;
}

/* ---- directives ---- */

struct directive {
    const char *name;
    void (*parse)(struct routefile_parser *p, struct routefile_route *r, unsigned line,
                  struct str rest);
    bool once;
};

static void
need_nothing(struct routefile_parser *p, unsigned line, const char *name, struct str rest)
{
    if (rest.n > 0)
        routefile_fault(p, line, "%s: there is more than it takes: '" STR_FMT "'", name,
                        STR_ARG(rest));
}

static void
parse_page(struct routefile_parser *p, struct routefile_route *r, unsigned line, struct str rest)
{
    struct str limit = routefile_word(&rest);
    struct str offset = routefile_word(&rest);

    if (offset.n == 0) {
        routefile_fault(p, line,
                        "page: write the parameters of the page's size and start: page "
                        "limit offset");
        return;
    }
    need_nothing(p, line, "page", rest);
    r->page_limit = routefile_param_find(r, limit);
    r->page_offset = routefile_param_find(r, offset);
    if (r->page_limit < 0 || r->params[r->page_limit].type != DB_INT)
        routefile_fault(p, line, "page: '" STR_FMT "' is no parameter of type int above this line",
                        STR_ARG(limit));
    if (r->page_offset < 0 || r->params[r->page_offset].type != DB_INT)
        routefile_fault(p, line, "page: '" STR_FMT "' is no parameter of type int above this line",
                        STR_ARG(offset));
}

static void
parse_cache(struct routefile_parser *p, struct routefile_route *r, unsigned line, struct str rest)
{
    uint64_t seconds;

    if (!num_parse_u64(rest, CACHE_MAX_S, &seconds) || seconds == 0)
        routefile_fault(p, line, "cache: '" STR_FMT "' is no number of seconds from 1 to %d",
                        STR_ARG(rest), CACHE_MAX_S);
    else
        r->cache_s = (unsigned)seconds;
    if (r->method != HTTP_GET)
        routefile_fault(p, line, "cache: only answers to GET are kept");
}

static void
parse_body(struct routefile_parser *p, struct routefile_route *r, unsigned line, struct str rest)
{
    if (str_eq(rest, "json"))
        r->body = ROUTEFILE_BODY_JSON;
    else if (str_eq(rest, "form"))
        r->body = ROUTEFILE_BODY_FORM;
    else
        routefile_fault(p, line, "body: '" STR_FMT "' is neither json nor form", STR_ARG(rest));
    if (r->method == HTTP_GET)
        routefile_fault(p, line, "body: a request with GET has none");
}

static void
parse_shape(struct routefile_parser *p, struct routefile_route *r, unsigned line, struct str rest)
{
    if (str_eq(rest, "object"))
        r->is_row = true;
    else if (!str_eq(rest, "array"))
        routefile_fault(p, line, "shape: '" STR_FMT "' is neither array nor object", STR_ARG(rest));
}

static void
parse_row(struct routefile_parser *p, struct routefile_route *r, unsigned line, struct str rest)
{
    r->is_row = true;
    need_nothing(p, line, "row", rest);
}

static void
parse_status(struct routefile_parser *p, struct routefile_route *r, unsigned line, struct str rest)
{
    uint64_t status;

    if (!num_parse_u64(rest, STATUS_LAST, &status) || status < STATUS_FIRST)
        routefile_fault(p, line, "status: '" STR_FMT "' is no status of a success: %d to %d",
                        STR_ARG(rest), STATUS_FIRST, STATUS_LAST);
    else
        r->status = (unsigned)status;
}

static void
parse_json(struct routefile_parser *p, struct routefile_route *r, unsigned line, struct str rest)
{
    if (rest.n == 0)
        routefile_fault(p, line, "json: write the names of the columns whose text is JSON");
    while (rest.n > 0) {
        struct str word = routefile_word(&rest);

        r->json = mem_realloc(r->json, r->n_json + 1, sizeof(*r->json));
        r->json[r->n_json++] = mem_strndup(word.p, word.n);
    }
}

static const struct directive directives[] = {
    {"body", parse_body, true},   {"cache", parse_cache, true},
    {"json", parse_json, false},  {"page", parse_page, true},
    {"row", parse_row, true},     {"param", routefile_param_parse, false},
    {"shape", parse_shape, true}, {"status", parse_status, true},
};

static void
parse_directive(struct routefile_parser *p, struct routefile_route *r, unsigned line,
                struct str name, struct str rest)
{
    static const char *const names[] = {"body", "cache", "json", "page",   "param",
                                        "row",  "shape", "sql",  "status", NULL};
    cleanup_free char *word = mem_strndup(name.p, name.n);
    const char *near;

    for (size_t i = 0; i < ARRAY_LEN(directives); i++) {
        if (!str_eq(name, directives[i].name))
            continue;
        if ((r->seen & 1U << i) != 0 && directives[i].once)
            routefile_fault(p, line, "the route has a %s already", word);
        r->seen |= 1U << i;
        directives[i].parse(p, r, line, rest);
        return;
    }
    near = str_nearest(word, names);
    routefile_fault(p, line, "there is no '%s'%s%s%s", word, near != NULL ? ": did you mean '" : "",
                    near != NULL ? near : "", near != NULL ? "'?" : "");
}

/* The statement goes on in the lines that are indented more deeply. */
static void
parse_sql(struct routefile_parser *p, struct routefile_route *r, struct reader *in, struct str rest)
{
    size_t indent = in->line.indent;
    unsigned line = in->line.number;
    cleanup_buf struct buf text = BUF_INIT(ROUTEFILE_MAX);

    buf_append_view(&text, rest);
    for (next_line(in); !in->ended && in->line.indent > indent; next_line(in)) {
        if (text.n > 0)
            buf_append_char(&text, '\n');
        buf_append_view(&text, in->line.text);
    }
    if (r->sql_line != 0) {
        routefile_fault(p, line, "the route has an sql already, in line %u", r->sql_line);
        return;
    }
    r->sql_line = line;
    if (text.n == 0)
        routefile_fault(p, line, "sql: there is no statement");
    else if (memchr(text.p, '\0', text.n) != NULL)
        routefile_fault(p, line, "sql: there is a NUL in it");
    r->sql = buf_take(&text);
}

/* ---- routes ---- */

static const struct {
    const char *name;
    enum http_method method;
} methods[] = {
    {"GET", HTTP_GET},     {"POST", HTTP_POST},     {"PUT", HTTP_PUT},
    {"PATCH", HTTP_PATCH}, {"DELETE", HTTP_DELETE},
};

static void
parse_head(struct routefile_parser *p, struct routefile_route *r, const struct line *line)
{
    struct str rest = line->text;
    struct str method = routefile_word(&rest);
    struct str path = routefile_word(&rest);

    *r = (struct routefile_route){.line = line->number, .page_limit = -1, .page_offset = -1};
    r->path = mem_strndup(path.p, path.n);
    r->status = STATUS_FIRST;
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (str_eq(method, methods[i].name))
            r->method = methods[i].method;
    }
    if (r->method == 0)
        routefile_fault(p, line->number,
                        "'" STR_FMT "' is none of GET, POST, PUT, PATCH and DELETE, with which a "
                        "route begins",
                        STR_ARG(method));
    need_nothing(p, line->number, "a route's first line", rest);
    routefile_path_check(p, r);
}

/* A parameter of the path need not be the first that is declared. */
static void
check_path_params(struct routefile_parser *p, struct routefile_route *r)
{
    struct str rest = str_from(r->path);
    struct str segment;

    while ((segment = routefile_path_next(&rest)).p != NULL) {
        int param;

        if (segment.n < 2 || segment.p[0] != '{')
            continue;
        segment = (struct str){segment.p + 1, segment.n - 2};
        param = routefile_param_find(r, segment);
        if (param < 0) {
            routefile_fault(p, r->line,
                            "the path's parameter is not declared: param " STR_FMT " text",
                            STR_ARG(segment));
            continue;
        }
        r->params[param].in_path = true;
        if (r->params[param].is_optional)
            routefile_fault(p, r->params[param].line,
                            "a parameter of the path is always there: it needs no default");
    }
}

static void
check_route(struct routefile_parser *p, struct routefile_route *r)
{
    check_path_params(p, r);
    if (r->sql_line == 0)
        routefile_fault(p, r->line, "the route has no sql");
    else
        routefile_sql_compile(p, r);
    for (size_t i = 0; i < r->n_params; i++) {
        if (!r->params[i].is_used && r->sql_line != 0)
            routefile_fault(p, r->params[i].line, "parameter '%s' is not used in the sql",
                            r->params[i].name);
    }
    if (r->is_row && r->page_limit >= 0)
        routefile_fault(p, r->line, "one row has no pages: either row or page");
}

static void
parse_route(struct routefile_parser *p, struct routefile_route *r, struct reader *in)
{
    parse_head(p, r, &in->line);
    next_line(in);
    while (!in->ended && in->line.indent > 0) {
        struct str rest = in->line.text;
        struct str name = routefile_word(&rest);

        if (str_eq(name, "sql")) {
            parse_sql(p, r, in, rest);
            continue;
        }
        parse_directive(p, r, in->line.number, name, rest);
        next_line(in);
    }
    check_route(p, r);
}

static int
compare(const void *pa, const void *pb)
{
    const struct routefile_route *a = pa;
    const struct routefile_route *b = pb;
    int by_path = routefile_path_compare(a->path, b->path);

    if (by_path != 0)
        return by_path;
    if (a->method != b->method)
        return a->method < b->method ? -1 : 1;
    return a->line < b->line ? -1 : 1;
}

static void
refuse_doubles(struct routefile_parser *p, const struct routefile *f)
{
    for (size_t i = 1; i < f->n; i++) {
        const struct routefile_route *a = &f->v[i - 1];
        const struct routefile_route *b = &f->v[i];

        if (a->path[0] != '\0' && a->method == b->method &&
            routefile_path_compare(a->path, b->path) == 0)
            routefile_fault(p, b->line, "the route is the same as in line %u", a->line);
    }
}

unsigned
routefile_parse(struct str text, const char *name, struct routefile *out, struct buf *findings)
{
    struct routefile_parser p = {.name = name, .findings = findings};
    struct reader in = {.rest = text};
    struct routefile f = {.name = mem_strdup(name)};

    next_line(&in);
    while (!in.ended && f.n < ROUTES_MAX) {
        if (in.line.indent > 0) {
            routefile_fault(&p, in.line.number,
                            "the line is indented, but belongs to no route: begin with one such "
                            "as GET /path");
            next_line(&in);
            continue;
        }
        f.v = mem_realloc(f.v, f.n + 1, sizeof(*f.v));
        parse_route(&p, &f.v[f.n++], &in);
    }
    if (!in.ended)
        routefile_fault(&p, in.line.number, "more than %d routes", ROUTES_MAX);
    else if (f.n == 0)
        routefile_fault(&p, in.line.number, "there is no route");
    if (f.n > 0)
        qsort(f.v, f.n, sizeof(*f.v), compare);
    refuse_doubles(&p, &f);
    if (p.n_findings > 0)
        routefile_done(&f);
    else
        *out = f;
    return p.n_findings;
}

void
routefile_done(struct routefile *f)
{
    for (size_t i = 0; i < f->n; i++) {
        struct routefile_route *r = &f->v[i];

        for (size_t k = 0; k < r->n_params; k++)
            routefile_param_done(&r->params[k]);
        for (size_t k = 0; k < r->n_json; k++)
            free(r->json[k]);
        free(r->params);
        free(r->json);
        free(r->path);
        free(r->mount);
        free(r->bare);
        free(r->sql);
        free(r->binds);
    }
    free(f->v);
    free(f->name);
    *f = (struct routefile){.n = 0};
}
