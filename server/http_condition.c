/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_condition.h"

#include "base/str.h"
#include "server/http_chars.h"
#include "server/http_date.h"
#include "server/http_parse.h"

/* One entity-tag off the front, quotes included; a comma may stand between them.  False for what
 * is none, and at the end. */
static bool
next_tag(struct str *s, struct str *tag, bool *weak)
{
    const char *end;

    *s = http_chars_trim(*s);
    *weak = str_starts(*s, "W/");
    if (*weak)
        *s = (struct str){s->p + 2, s->n - 2};
    if (s->n < 2 || s->p[0] != '"')
        return false;
    end = memchr(s->p + 1, '"', s->n - 1);
    if (end == NULL)
        return false;
    *tag = (struct str){s->p, (size_t)(end - s->p) + 1};
    *s = (struct str){end + 1, s->n - tag->n};
    return true;
}

/* A list of them; what is none is passed over, to the next comma. */
static bool
list_has(struct str list, const char *etag, bool strongly)
{
    while (list.n > 0) {
        struct str tag;
        bool weak;

        list = http_chars_trim(list);
        if (next_tag(&list, &tag, &weak) && str_eq(tag, etag) && !(weak && strongly))
            return true;
        str_cut(&list, ',');
    }
    return false;
}

/* The field may come several times. */
static bool
field_has(const struct http_request *r, const char *field, const char *etag, bool strongly)
{
    struct str name, value;
    uint32_t iter = 0;

    while (http_parse_next(r, &iter, &name, &value)) {
        if (str_eq_nocase(name, field) && (str_eq(value, "*") || list_has(value, etag, strongly)))
            return true;
    }
    return false;
}

/* False as well when there is nothing to compare with. */
static bool
date_of(const struct http_request *r, enum http_field field, const struct http_validators *v,
        int64_t now, int64_t *out)
{
    return v->modified != HTTP_CONDITION_UNDATED && http_parse_has(r, field) &&
           http_date_parse(http_parse_str(r, r->fields[field]), now, out);
}

unsigned
http_condition(const struct http_request *r, const struct http_validators *v, int64_t now)
{
    int64_t date;

    if (http_parse_has(r, HTTP_FIELD_IF_MATCH)) {
        if (!field_has(r, "if-match", v->etag, true))
            return 412;
    } else if (date_of(r, HTTP_FIELD_IF_UNMODIFIED_SINCE, v, now, &date) && v->modified > date) {
        return 412;
    }
    if (http_parse_has(r, HTTP_FIELD_IF_NONE_MATCH))
        return field_has(r, "if-none-match", v->etag, false) ? 304 : 200;
    if (date_of(r, HTTP_FIELD_IF_MODIFIED_SINCE, v, now, &date) && v->modified <= date)
        return 304;
    return 200;
}

bool
http_condition_range(const struct http_request *r, const struct http_validators *v, int64_t now)
{
    struct str value, tag;
    int64_t date;
    bool weak;

    if (!http_parse_has(r, HTTP_FIELD_IF_RANGE))
        return true;
    value = http_parse_str(r, r->fields[HTTP_FIELD_IF_RANGE]);
    if (next_tag(&value, &tag, &weak))
        return !weak && value.n == 0 && str_eq(tag, v->etag);
    /* A date of this very second may stand for two states of the file (RFC 9110 8.8.2.2). */
    return date_of(r, HTTP_FIELD_IF_RANGE, v, now, &date) && date == v->modified && date < now;
}
