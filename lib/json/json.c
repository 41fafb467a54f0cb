/* SPDX-License-Identifier: Apache-2.0 */
#include "json/fence.h"

#include <assert.h>
#include <math.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"

/* Without memory there is no value; base/mem.h says what happens then. */
static struct json_t *
need(struct json_t *v)
{
    if (v == NULL)
        mem_fail(sizeof(*v));
    return v;
}

void
json_free(struct json_t *v)
{
    json_decref(v);
}

void
json_freep(struct json_t **v)
{
    int saved = errno;

    json_free(*v);
    errno = saved;
}

struct json_t *
json_parse(struct str text, const char *name, struct err *err)
{
    json_error_t why;
    struct json_t *v;

    if (str_trim(text).n == 0) {
        err_set(err, ERR_INVALID, "%s: empty, want JSON", name);
        return NULL;
    }
    /* jansson takes a NUL behind a number for white space. */
    if (str_find(text, '\0') >= 0) {
        err_set(err, ERR_INVALID, "%s: a NUL byte at offset %zu, want JSON text", name,
                (size_t)str_find(text, '\0'));
        return NULL;
    }
    v = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (v != NULL)
        return v;
    if (json_error_code(&why) == json_error_out_of_memory)
        err_set(err, ERR_LIMIT, "%s: out of memory", name);
    else if (json_error_code(&why) == json_error_null_character ||
             json_error_code(&why) == json_error_null_byte_in_key)
        err_set(err, ERR_INVALID, "%s:%d:%d: U+0000 in a string is refused", name, why.line,
                why.column);
    else
        err_set(err, ERR_INVALID, "%s:%d:%d: %s", name, why.line, why.column, why.text);
    return NULL;
}

struct json_t *
json_new_object(void)
{
    return need(json_object());
}

struct json_t *
json_new_array(void)
{
    return need(json_array());
}

/* Strings of ours are C strings to their readers, so a NUL is as wrong as broken UTF-8. */
struct json_t *
json_new_view(struct str s)
{
    cleanup_buf struct buf repaired = BUF_INIT(SIZE_MAX / 4);

    if (str_find(s, '\0') < 0 && utf8_is_valid(s))
        return need(json_stringn_nocheck(s.n > 0 ? s.p : "", s.n));
    while (s.p != NULL) {
        utf8_repair(str_cut(&s, '\0'), &repaired);
        if (s.p != NULL)
            buf_append_str(&repaired, "\xef\xbf\xbd");
    }
    return need(json_stringn_nocheck(buf_cstr(&repaired), repaired.n));
}

struct json_t *
json_new_str(const char *s)
{
    return json_new_view(str_from(s));
}

struct json_t *
json_new_int(int64_t v)
{
    return need(json_integer(v));
}

struct json_t *
json_new_real(double v)
{
    assert(isfinite(v));
    return need(json_real(v));
}

struct json_t *
json_new_bool(bool v)
{
    return v ? json_true() : json_false();
}

struct json_t *
json_new_null(void)
{
    return json_null();
}

void
json_put(struct json_t *object, const char *key, struct json_t *value)
{
    cleanup_buf struct buf repaired = BUF_INIT(SIZE_MAX / 4);

    assert(json_typeof(object) == JSON_OBJECT && value != NULL && value != object);
    if (!utf8_is_valid(str_from(key))) {
        utf8_repair(str_from(key), &repaired);
        key = buf_cstr(&repaired);
    }
    if (json_object_set_new_nocheck(object, key, value) < 0)
        mem_fail(strlen(key));
}

void
json_put_str(struct json_t *object, const char *key, const char *s)
{
    if (s != NULL)
        json_put(object, key, json_new_str(s));
}

void
json_put_int(struct json_t *object, const char *key, int64_t v)
{
    json_put(object, key, json_new_int(v));
}

void
json_put_bool(struct json_t *object, const char *key, bool v)
{
    json_put(object, key, json_new_bool(v));
}

void
json_push(struct json_t *array, struct json_t *value)
{
    assert(json_typeof(array) == JSON_ARRAY && value != NULL && value != array);
    if (json_array_append_new(array, value) < 0)
        mem_fail(sizeof(*value));
}

void
json_push_str(struct json_t *array, const char *s)
{
    json_push(array, json_new_str(s));
}

struct json_t *
json_clone(const struct json_t *v)
{
    return need(json_deep_copy(v));
}

bool
json_same(const struct json_t *a, const struct json_t *b)
{
    return json_equal(a, b) != 0;
}

size_t
json_size(const struct json_t *v)
{
    return json_object_size(v) + json_array_size(v); /* each 0 for any other type */
}
