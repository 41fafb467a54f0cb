/* SPDX-License-Identifier: Apache-2.0 */
#include "json/fence.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"

/*
 * jansson writes reals with 17 digits (0.1 as 0.10000000000000001) or with fewer than some need.
 * Documents of ours are compared and hashed, so the bytes are decided here, whatever its version.
 */

enum {
    DIGITS_MAX = 17, /* enough for every double (IEEE 754) */
    FIXED_EXPONENT_MIN = -5,
    FIXED_EXPONENT_MAX = 16
};

struct writer {
    enum json_style style;
    struct buf *out;
};

static void write_value(const struct writer *w, const json_t *v, int depth);

static void
write_string(struct buf *out, struct str s)
{
    static const char letters[] = "btn-fr"; /* of U+0008 to U+000D */

    buf_append_char(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c == '"' || c == '\\')
            buf_appendf(out, "\\%c", c);
        else if (c >= 8 && c <= 13 && c != 11)
            buf_appendf(out, "\\%c", letters[c - 8]);
        else if (c < 0x20)
            buf_appendf(out, "\\u%04x", c);
        else
            buf_append_char(out, (char)c);
    }
    buf_append_char(out, '"');
}

static void
write_real(struct buf *out, double v)
{
    char text[64];
    int digits = 1;
    int exponent, places;

    do {
        snprintf(text, sizeof(text), "%.*e", digits - 1, v);
    } while (strtod(text, NULL) != v && ++digits <= DIGITS_MAX);
    exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
    if (exponent < FIXED_EXPONENT_MIN || exponent > FIXED_EXPONENT_MAX) {
        buf_append_str(out, text);
        return;
    }
    /* At least one digit behind the point, so that a real reads back as a real. */
    places = digits - 1 - exponent;
    buf_appendf(out, "%.*f", places > 1 ? places : 1, v);
}

static void
write_break(const struct writer *w, int depth)
{
    if (w->style == JSON_PRETTY)
        buf_appendf(w->out, "\n%*s", 2 * depth, "");
}

static void
write_array(const struct writer *w, const json_t *v, int depth)
{
    size_t n = json_array_size(v);

    buf_append_char(w->out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_append_char(w->out, ',');
        write_break(w, depth + 1);
        write_value(w, json_array_get(v, i), depth + 1);
    }
    if (n > 0)
        write_break(w, depth);
    buf_append_char(w->out, ']');
}

struct member {
    struct str key;
    const json_t *value;
};

static int
compare_members(const void *a, const void *b)
{
    const struct member *x = a;
    const struct member *y = b;
    int order = memcmp(x->key.p, y->key.p, x->key.n < y->key.n ? x->key.n : y->key.n);

    if (order != 0)
        return order;
    return (x->key.n > y->key.n) - (x->key.n < y->key.n);
}

static struct member *
list_members(json_t *object, bool sorted)
{
    size_t n = json_object_size(object);
    struct member *members = mem_realloc(NULL, n, sizeof(*members));
    size_t at = 0;

    for (void *i = json_object_iter(object); i != NULL; i = json_object_iter_next(object, i)) {
        members[at].key = (struct str){json_object_iter_key(i), json_object_iter_key_len(i)};
        members[at++].value = json_object_iter_value(i);
    }
    if (sorted)
        qsort(members, n, sizeof(*members), compare_members);
    return members;
}

static void
write_object(const struct writer *w, const json_t *v, int depth)
{
    size_t n = json_object_size(v);
    cleanup_free struct member *members = list_members((json_t *)v, w->style == JSON_SORTED);

    buf_append_char(w->out, '{');
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_append_char(w->out, ',');
        write_break(w, depth + 1);
        write_string(w->out, members[i].key);
        buf_append_str(w->out, w->style == JSON_PRETTY ? ": " : ":");
        write_value(w, members[i].value, depth + 1);
    }
    if (n > 0)
        write_break(w, depth);
    buf_append_char(w->out, '}');
}

static void
write_value(const struct writer *w, const json_t *v, int depth)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        write_object(w, v, depth);
        return;
    case JSON_ARRAY:
        write_array(w, v, depth);
        return;
    case JSON_STRING:
        write_string(w->out, (struct str){json_string_value(v), json_string_length(v)});
        return;
    case JSON_INTEGER:
        buf_appendf(w->out, "%" PRId64, (int64_t)json_integer_value(v));
        return;
    case JSON_REAL:
        write_real(w->out, json_real_value(v));
        return;
    case JSON_TRUE:
        buf_append_str(w->out, "true");
        return;
    case JSON_FALSE:
        buf_append_str(w->out, "false");
        return;
    case JSON_NULL:
        buf_append_str(w->out, "null");
        return;
    }
}

void
json_write(const struct json_t *v, enum json_style style, struct buf *out)
{
    struct writer w = {style, out};

    write_value(&w, v, 0);
    if (style == JSON_PRETTY)
        buf_append_char(out, '\n');
}
