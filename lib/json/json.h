/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JSON_JSON_H
#define JSON_JSON_H

/*
 * The fence around jansson: the only place that knows it.  Documents are parsed strictly (duplicate
 * keys refused, depth and size limited), read through cursors whose errors name the JSON pointer
 * (RFC 6901) of what is wrong, and written either compact or indented, with keys in the order they
 * were added.
 *
 * Ownership: json_parse() and json_new_*() return a new reference for json_free().  Putting a value
 * into an object or array takes ownership of it.  Cursors borrow.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct buf;
struct err;
struct json_t; /* jansson's value */

void json_free(struct json_t *v); /* NULL is fine */
void json_freep(struct json_t **v);
#define cleanup_json __attribute__((cleanup(json_freep)))

/* name is what errors call the text ("task.json").  ERR_INVALID "name:line:column: why". */
struct json_t *json_parse(struct str text, const char *name, struct err *err) NODISCARD;

/* ---- building ---- */

struct json_t *json_new_object(void);
struct json_t *json_new_array(void);
struct json_t *json_new_str(const char *s); /* invalid UTF-8 becomes U+FFFD */
struct json_t *json_new_view(struct str s); /* a NUL inside becomes U+FFFD too */
struct json_t *json_new_int(int64_t v);
struct json_t *json_new_real(double v); /* must be finite */
struct json_t *json_new_bool(bool v);
struct json_t *json_new_null(void);

void json_put(struct json_t *object, const char *key, struct json_t *value); /* takes value */
void json_put_str(struct json_t *object, const char *key, const char *s);    /* NULL: not put */
void json_put_int(struct json_t *object, const char *key, int64_t v);
void json_put_bool(struct json_t *object, const char *key, bool v);
void json_push(struct json_t *array, struct json_t *value); /* takes value */
void json_push_str(struct json_t *array, const char *s);

struct json_t *json_clone(const struct json_t *v); /* deep, new reference */
/* Same values, the order of keys aside. */
bool json_same(const struct json_t *a, const struct json_t *b);
size_t json_size(const struct json_t *v); /* elements of an array, keys of an object, else 0 */

/* ---- writing ---- */

enum json_style {
    JSON_COMPACT, /* no white space, keys in order of insertion */
    JSON_SORTED,  /* no white space, keys sorted: OCI documents */
    JSON_PRETTY   /* two blanks, keys in order of insertion, a newline at the end */
};

/* Reals are written with as few digits as read back the same value. */
void json_write(const struct json_t *v, enum json_style style, struct buf *out);

/* ---- reading ---- */

/*
 * A place in a document.  Cursors lie on the stack and point at their parents, which must outlive
 * them.  v is NULL where the place does not exist.
 */
struct json_cur {
    const struct json_t *v;
    const struct json_cur *up;
    const char *key; /* NULL for an array's element and the root */
    size_t index;
};

struct json_cur json_root(const struct json_t *doc);
struct json_cur json_at(const struct json_cur *object, const char *key);
struct json_cur json_item(const struct json_cur *array, size_t index);

bool json_is_object(const struct json_cur *c);
bool json_is_array(const struct json_cur *c);
bool json_is_str(const struct json_cur *c);
bool json_is_number(const struct json_cur *c);
bool json_is_null(const struct json_cur *c); /* absent counts as null */
size_t json_len(const struct json_cur *c);

/* Iterates an object: *iter starts NULL; false at the end.  *value's up is c. */
bool json_next(const struct json_cur *c, void **iter, struct json_cur *value);

/* The value itself; ERR_INVALID "/pointer: want a string, got a number", or "... is missing". */
int json_get_str(const struct json_cur *c, const char **out, struct err *err) NODISCARD;
int json_get_int(const struct json_cur *c, int64_t min, int64_t max, int64_t *out,
                 struct err *err) NODISCARD;
int json_get_real(const struct json_cur *c, double *out,
                  struct err *err) NODISCARD; /* or integer */
int json_get_bool(const struct json_cur *c, bool *out, struct err *err) NODISCARD;
int json_need_object(const struct json_cur *c, struct err *err) NODISCARD;
int json_need_array(const struct json_cur *c, struct err *err) NODISCARD;

/* A string or NULL, for places where a wrong type is the same as none. */
const char *json_str_or(const struct json_cur *c, const char *otherwise);

/* Appends the pointer of a cursor: "" for the root, "/containerDefinitions/0/image". */
void json_pointer(const struct json_cur *c, struct buf *out);

/* ERR_INVALID "/pointer: text". */
int json_err(const struct json_cur *c, struct err *err, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
