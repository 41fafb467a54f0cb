/* SPDX-License-Identifier: Apache-2.0 */
#include "json/fence.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

/* Whole numbers up to here are exact in a double. */
#define EXACT_MAX 9007199254740992.0

struct json_cur
json_root(const struct json_t *doc)
{
    return (struct json_cur){doc, NULL, NULL, 0};
}

struct json_cur
json_at(const struct json_cur *object, const char *key)
{
    return (struct json_cur){json_object_get(object->v, key), object, key, 0};
}

struct json_cur
json_item(const struct json_cur *array, size_t index)
{
    return (struct json_cur){json_array_get(array->v, index), array, NULL, index};
}

static bool
is_type(const struct json_cur *c, json_type type)
{
    return c->v != NULL && json_typeof(c->v) == type;
}

bool
json_is_object(const struct json_cur *c)
{
    return is_type(c, JSON_OBJECT);
}

bool
json_is_array(const struct json_cur *c)
{
    return is_type(c, JSON_ARRAY);
}

bool
json_is_str(const struct json_cur *c)
{
    return is_type(c, JSON_STRING);
}

bool
json_is_number(const struct json_cur *c)
{
    return is_type(c, JSON_INTEGER) || is_type(c, JSON_REAL);
}

bool
json_is_null(const struct json_cur *c)
{
    return c->v == NULL || is_type(c, JSON_NULL);
}

size_t
json_len(const struct json_cur *c)
{
    return json_size(c->v);
}

bool
json_next(const struct json_cur *c, void **iter, struct json_cur *value)
{
    json_t *object = (json_t *)c->v;

    *iter = *iter == NULL ? json_object_iter(object) : json_object_iter_next(object, *iter);
    if (*iter == NULL)
        return false;
    *value = (struct json_cur){json_object_iter_value(*iter), c, json_object_iter_key(*iter), 0};
    return true;
}

/* Recursion goes as deep as our own code nests cursors. */
void
json_pointer(const struct json_cur *c, struct buf *out)
{
    if (c->up == NULL)
        return;
    json_pointer(c->up, out);
    buf_append_char(out, '/');
    if (c->key == NULL) {
        buf_appendf(out, "%zu", c->index);
        return;
    }
    for (const char *k = c->key; *k != '\0'; k++) {
        if (*k == '~' || *k == '/')
            buf_append_str(out, *k == '~' ? "~0" : "~1");
        else
            buf_append_char(out, *k);
    }
}

/* The pointer for errors, cut short where a key from outside is longer than any text should be. */
static void
append_place(const struct json_cur *c, struct buf *out)
{
    if (c->up == NULL)
        buf_append_str(out, "the document");
    else
        json_pointer(c, out);
    if (buf_cstr(out)[0] == '\0')
        buf_append_str(out, "/...");
}

int
json_err(const struct json_cur *c, struct err *err, const char *fmt, ...)
{
    char text[ERR_MSG_MAX];
    cleanup_buf struct buf place = BUF_INIT(ERR_MSG_MAX / 2);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    append_place(c, &place);
    return err_set(err, ERR_INVALID, "%s: %s", place.p, text);
}

static const char *
type_name(const struct json_t *v)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
        return "true";
    case JSON_FALSE:
        return "false";
    case JSON_NULL:
        return "null";
    }
    return "something else";
}

/* Of a place that is not there, the cause may lie above it: "/a/b is missing" misleads when /a is
 * a string. */
static int
refuse(const struct json_cur *c, const char *want, struct err *err)
{
    cleanup_buf struct buf place = BUF_INIT(ERR_MSG_MAX / 2);

    if (c->v != NULL)
        return json_err(c, err, "want %s, got %s", want, type_name(c->v));
    for (const struct json_cur *child = c; child->up != NULL; child = child->up) {
        const struct json_cur *parent = child->up;

        if (parent->v == NULL)
            continue;
        if (child->key != NULL && !json_is_object(parent))
            return refuse(parent, "an object", err);
        if (child->key == NULL && !json_is_array(parent))
            return refuse(parent, "an array", err);
        break;
    }
    append_place(c, &place);
    return err_set(err, ERR_INVALID, "%s is missing: want %s", place.p, want);
}

int
json_get_str(const struct json_cur *c, const char **out, struct err *err)
{
    if (!json_is_str(c))
        return refuse(c, "a string", err);
    *out = json_string_value(c->v);
    return 0;
}

/* JSON has one kind of number: 1024.0 and 1e3 are whole. */
static bool
whole_number(const struct json_t *v, int64_t *out)
{
    double real;

    if (json_typeof(v) == JSON_INTEGER) {
        *out = json_integer_value(v);
        return true;
    }
    real = json_real_value(v);
    if (real < -EXACT_MAX || real > EXACT_MAX || (double)(int64_t)real != real)
        return false;
    *out = (int64_t)real;
    return true;
}

int
json_get_int(const struct json_cur *c, int64_t min, int64_t max, int64_t *out, struct err *err)
{
    int64_t v;

    if (!json_is_number(c))
        return refuse(c, "a whole number", err);
    if (!whole_number(c->v, &v))
        return json_err(c, err, "want a whole number, got %.15g", json_number_value(c->v));
    if (v < min || v > max)
        return json_err(c, err, "%" PRId64 " is not from %" PRId64 " to %" PRId64, v, min, max);
    *out = v;
    return 0;
}

int
json_get_real(const struct json_cur *c, double *out, struct err *err)
{
    if (!json_is_number(c))
        return refuse(c, "a number", err);
    *out = json_number_value(c->v);
    return 0;
}

int
json_get_bool(const struct json_cur *c, bool *out, struct err *err)
{
    if (!is_type(c, JSON_TRUE) && !is_type(c, JSON_FALSE))
        return refuse(c, "true or false", err);
    *out = is_type(c, JSON_TRUE);
    return 0;
}

int
json_need_object(const struct json_cur *c, struct err *err)
{
    return json_is_object(c) ? 0 : refuse(c, "an object", err);
}

int
json_need_array(const struct json_cur *c, struct err *err)
{
    return json_is_array(c) ? 0 : refuse(c, "an array", err);
}

const char *
json_str_or(const struct json_cur *c, const char *otherwise)
{
    return json_is_str(c) ? json_string_value(c->v) : otherwise;
}
