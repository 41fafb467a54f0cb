/* SPDX-License-Identifier: Apache-2.0 */

/* From a request to the values of a statement. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "server/exchange.h"
#include "server/http_chars.h"
#include "server/http_target.h"
#include "server/sql.h"
#include "json/json.h"

struct reader {
    struct sql_job *job;
    size_t n; /* of job->text that is used */
    char *why;
};

/* As browsers send forms: %41 and +.  A % that begins no escape is itself. */
static struct str
unescape(struct reader *in, struct str s)
{
    struct str out = {in->job->text + in->n, 0};
    char *to = in->job->text + in->n;

    for (size_t i = 0; i < s.n; i++) {
        int high = s.p[i] == '%' && i + 2 < s.n ? http_chars_hex(s.p[i + 1]) : -1;
        int low = high >= 0 ? http_chars_hex(s.p[i + 2]) : -1;

        if (low >= 0) {
            to[out.n++] = (char)(high * 16 + low);
            i += 2;
        } else {
            to[out.n++] = s.p[i] == '+' ? ' ' : s.p[i];
        }
    }
    in->n += out.n;
    return out;
}

static struct str
copy(struct reader *in, struct str s)
{
    struct str out = {in->job->text + in->n, s.n};

    if (s.n > 0)
        memcpy(in->job->text + in->n, s.p, s.n);
    in->n += s.n;
    return out;
}

/* The default, where there is one; else 400. */
static unsigned
is_absent(const struct reader *in, size_t i)
{
    const struct routefile_param *p = &in->job->route->params[i];

    in->job->values[i] = p->value;
    if (p->is_optional)
        return 0;
    snprintf(in->why, 256, "%s is missing", p->name);
    return 400;
}

static unsigned
take_text(const struct reader *in, size_t i, struct str text)
{
    const struct routefile_param *p = &in->job->route->params[i];
    char why[ROUTEFILE_WHY_MAX];

    if (routefile_value(p, text, &in->job->values[i], why))
        return 0;
    snprintf(in->why, 256, "%s %s", p->name, why);
    return 400;
}

static unsigned
from_query(struct reader *in, size_t i, struct str query)
{
    struct str value = query.n > 0 ? http_target_parameter(query, in->job->route->params[i].name)
                                   : (struct str){NULL, 0};

    if (value.p == NULL)
        return is_absent(in, i);
    return take_text(in, i, unescape(in, value));
}

/* ---- bodies ---- */

static const char *
json_name(enum db_type type)
{
    return type == DB_INT    ? "an integer"
           : type == DB_REAL ? "a number"
           : type == DB_BOOL ? "true or false"
                             : "a text";
}

static bool
read_json(struct reader *in, enum db_type type, const struct json_cur *c, struct db_value *out)
{
    struct err err = ERR_INIT;
    const char *text;
    bool truth;

    *out = (struct db_value){.type = type};
    switch (type) {
    case DB_INT:
        return json_get_int(c, INT64_MIN, INT64_MAX, &out->i, &err) == 0;
    case DB_REAL:
        return json_get_real(c, &out->d, &err) == 0;
    case DB_BOOL:
        if (json_get_bool(c, &truth, &err) < 0)
            return false;
        out->i = truth;
        return true;
    default:
        if (json_get_str(c, &text, &err) < 0)
            return false;
        out->s = copy(in, str_from(text));
        return true;
    }
}

static unsigned
from_json(struct reader *in, size_t i, const struct json_cur *object)
{
    const struct routefile_param *p = &in->job->route->params[i];
    struct json_cur c = json_at(object, p->name);
    char why[ROUTEFILE_WHY_MAX];

    if (json_is_null(&c))
        return is_absent(in, i);
    if (!read_json(in, p->type, &c, &in->job->values[i])) {
        snprintf(in->why, 256, "%s must be %s", p->name, json_name(p->type));
        return 400;
    }
    if (routefile_in_range(p, &in->job->values[i], why))
        return 0;
    snprintf(in->why, 256, "%s %s", p->name, why);
    return 400;
}

static bool
is_body_param(const struct routefile_route *r, struct str name)
{
    int i = routefile_param_find(r, name);

    return i >= 0 && !r->params[i].in_path;
}

/* A misspelt member would be lost in silence. */
static unsigned
refuse_unknown(const struct reader *in, struct str name)
{
    if (is_body_param(in->job->route, name))
        return 0;
    snprintf(in->why, 256, "there is no %.*s in this request", name.n < 64 ? (int)name.n : 64,
             name.p);
    return 400;
}

static unsigned
read_json_body(struct reader *in, struct str body)
{
    const struct routefile_route *r = in->job->route;
    struct err err = ERR_INIT;
    cleanup_json struct json_t *doc = json_parse(body, "body", &err);
    struct json_cur root, member;
    void *iter = NULL;
    unsigned status = 0;

    if (doc == NULL) {
        snprintf(in->why, 256, "the body is no JSON: %.200s", err.msg);
        return 400;
    }
    root = json_root(doc);
    if (!json_is_object(&root)) {
        snprintf(in->why, 256, "the body must be a JSON object");
        return 400;
    }
    while (status == 0 && json_next(&root, &iter, &member))
        status = refuse_unknown(in, str_from(member.key));
    for (size_t i = 0; status == 0 && i < r->n_params; i++) {
        if (!r->params[i].in_path)
            status = from_json(in, i, &root);
    }
    return status;
}

static unsigned
read_form_body(struct reader *in, struct str body)
{
    const struct routefile_route *r = in->job->route;
    struct str rest = body;
    unsigned status = 0;

    while (status == 0 && rest.n > 0) {
        struct str pair = str_cut(&rest, '&');

        if (pair.n > 0)
            status = refuse_unknown(in, str_cut(&pair, '='));
    }
    for (size_t i = 0; status == 0 && i < r->n_params; i++) {
        if (!r->params[i].in_path)
            status = from_query(in, i, body);
    }
    return status;
}

/* Without a type the body is taken for what the route wants. */
static bool
has_type(const struct exchange *x, const char *wanted)
{
    struct str name, value;
    uint32_t iter = 0;

    while (http_parse_next(x->request, &iter, &name, &value)) {
        if (str_eq_nocase(name, "content-type"))
            return str_eq_nocase(str_trim(str_cut(&value, ';')), wanted);
    }
    return true;
}

static unsigned
read_body(struct reader *in, const struct exchange *x)
{
    bool is_json = in->job->route->body == ROUTEFILE_BODY_JSON;
    const char *type = is_json ? "application/json" : "application/x-www-form-urlencoded";

    /* RFC 9110 15.5.12: not taken for an empty one, which most clients that forget it do not mean.
     */
    if (!x->request->has_length && !x->request->chunked) {
        snprintf(in->why, 256, "a body with its length is needed");
        return 411;
    }
    if (!has_type(x, type)) {
        snprintf(in->why, 256, "the body must be %s", type);
        return 415;
    }
    return is_json ? read_json_body(in, x->body) : read_form_body(in, x->body);
}

/* ---- all of it ---- */

/* No value is longer than what it was written as. */
static void
make_room(struct sql_job *job, const struct exchange *x, struct str query)
{
    size_t n = x->path.n + query.n + x->body.n + 1;

    if (n <= job->text_cap)
        return;
    job->text = mem_realloc(job->text, n, 1);
    job->text_cap = n;
}

void
sql_params_copy(struct sql_job *to, const struct sql_job *from)
{
    if (to->text_cap < from->text_cap) {
        to->text = mem_realloc(to->text, from->text_cap, 1);
        to->text_cap = from->text_cap;
    }
    if (from->text_cap > 0)
        memcpy(to->text, from->text, from->text_cap);
    for (size_t i = 0; i < from->route->n_params; i++) {
        const struct db_value *v = &from->values[i];

        to->values[i] = *v;
        /* The text of a default is the route's. */
        if (v->type == DB_TEXT && v->s.p >= from->text && v->s.p < from->text + from->text_cap)
            to->values[i].s.p = to->text + (v->s.p - from->text);
    }
}

unsigned
sql_params_read(struct sql_job *job, const struct exchange *x,
                const struct str path_values[ROUTEFILE_PARAMS_MAX], char why[256])
{
    const struct routefile_route *r = job->route;
    struct str query = x->request->has_query ? http_parse_str(x->request, x->request->query)
                                             : (struct str){NULL, 0};
    struct reader in = {.job = job, .why = why};
    unsigned status = 0;

    make_room(job, x, query);
    for (size_t i = 0; status == 0 && i < r->n_params; i++) {
        if (r->params[i].in_path)
            status = take_text(&in, i, copy(&in, path_values[i]));
        else if (r->body == ROUTEFILE_BODY_NONE)
            status = from_query(&in, i, query);
    }
    if (status == 0 && r->body != ROUTEFILE_BODY_NONE)
        status = read_body(&in, x);
    return status;
}

static void
append_escaped(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.' || c == '_' || c == '~';

        if (plain)
            buf_append_char(out, c);
        else
            buf_appendf(out, "%%%02X", (unsigned char)c);
    }
}

static void
append_value(struct buf *out, const struct db_value *v)
{
    switch (v->type) {
    case DB_NULL:
        break;
    case DB_REAL:
        buf_appendf(out, "%.17g", v->d);
        break;
    case DB_TEXT:
        append_escaped(out, v->s);
        break;
    default:
        buf_appendf(out, "%" PRId64, v->i);
        break;
    }
}

void
sql_params_query(const struct sql_job *job, int param, int64_t value, struct buf *out)
{
    const struct routefile_route *r = job->route;
    char mark = '?';

    for (size_t i = 0; i < r->n_params; i++) {
        struct db_value v = job->values[i];

        if (r->params[i].in_path || v.type == DB_NULL)
            continue;
        if ((int)i == param)
            v = (struct db_value){.type = DB_INT, .i = value};
        buf_appendf(out, "%c%s=", mark, r->params[i].name);
        append_value(out, &v);
        mark = '&';
    }
}

void
sql_params_key(const struct sql_job *job, struct buf *out)
{
    const struct routefile_route *r = job->route;

    buf_append(out, &r->line, sizeof(r->line));
    for (size_t i = 0; i < r->n_params; i++) {
        const struct db_value *v = &job->values[i];

        buf_append_char(out, (char)v->type);
        if (v->type == DB_TEXT) {
            buf_append(out, &v->s.n, sizeof(v->s.n));
            buf_append_view(out, v->s);
        } else if (v->type == DB_REAL) {
            buf_append(out, &v->d, sizeof(v->d));
        } else if (v->type != DB_NULL) {
            buf_append(out, &v->i, sizeof(v->i));
        }
    }
}
