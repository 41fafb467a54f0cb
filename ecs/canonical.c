/* SPDX-License-Identifier: Apache-2.0 */
#include "ecs/canonical.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "ecs/shape.h"
#include "ecs/size_text.h"
#include "json/json.h"

struct context {
    bool awsvpc;
};

static struct json_t *canonical_value(const struct context *ctx, const struct json_cur *c,
                                      const struct shape_field *field);

static bool
is_absent(const struct json_cur *c)
{
    return json_is_null(c) || (json_is_array(c) && json_len(c) == 0);
}

/* An element that says nothing, {"name": "", "value": ""}: ECS and Terraform's provider drop it. */
static bool
is_zero(const struct json_cur *element)
{
    struct json_cur value;
    void *iter = NULL;

    while (json_next(element, &iter, &value)) {
        struct err ignored = ERR_INIT;
        int64_t number = 0;
        bool yes = false;

        if (json_get_int(&value, INT64_MIN, INT64_MAX, &number, &ignored) == 0 ? number != 0
            : json_get_bool(&value, &yes, &ignored) == 0                       ? yes
            : json_is_str(&value) ? json_str_or(&value, "")[0] != '\0'
                                  : !is_absent(&value))
            return false;
    }
    return true;
}

/* Numbers before texts before everything else, so that any list has one order. */
static int
compare_values(const struct json_cur *a, const struct json_cur *b)
{
    struct err ignored = ERR_INIT;
    int64_t x = 0;
    int64_t y = 0;
    bool a_is_int = json_get_int(a, INT64_MIN, INT64_MAX, &x, &ignored) == 0;
    bool b_is_int = json_get_int(b, INT64_MIN, INT64_MAX, &y, &ignored) == 0;

    if (a_is_int != b_is_int)
        return a_is_int ? -1 : 1;
    if (a_is_int)
        return (x > y) - (x < y);
    if (json_is_str(a) != json_is_str(b))
        return json_is_str(a) ? -1 : 1;
    return strcmp(json_str_or(a, ""), json_str_or(b, ""));
}

/* An element with the value it is sorted by; elements that are alike keep their order. */
struct element {
    struct json_cur item;
    struct json_cur by;
};

static int
compare_elements(const void *a, const void *b)
{
    const struct element *x = a;
    const struct element *y = b;
    int order = compare_values(&x->by, &y->by);

    return order != 0 ? order : (x->item.index > y->item.index) - (x->item.index < y->item.index);
}

static struct json_t *
canonical_array(const struct context *ctx, const struct json_cur *array,
                const struct shape_field *field)
{
    const struct shape_field each = {NULL, field->shape, NULL};
    struct json_t *out = json_new_array();
    cleanup_free struct element *elements =
        mem_realloc(NULL, json_len(array) + 1, sizeof(*elements));
    size_t n = 0;

    for (size_t i = 0; i < json_len(array); i++) {
        struct json_cur item = json_item(array, i);

        if (json_is_null(&item) || (json_is_object(&item) && is_zero(&item)))
            continue;
        elements[n].item = item;
        elements[n].by = item;
        if (field->sort_by != NULL && field->sort_by[0] != '\0')
            elements[n].by = json_at(&elements[n].item, field->sort_by);
        n++;
    }
    if (field->sort_by != NULL)
        qsort(elements, n, sizeof(*elements), compare_elements);
    for (size_t i = 0; i < n; i++)
        json_push(out, canonical_value(ctx, &elements[i].item, &each));
    return out;
}

static int
compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct json_t *
canonical_map(const struct json_cur *map)
{
    struct json_t *out = json_new_object();
    cleanup_free const char **keys = mem_realloc(NULL, json_len(map) + 1, sizeof(*keys));
    struct json_cur value;
    void *iter = NULL;
    size_t n = 0;

    while (json_next(map, &iter, &value)) {
        if (!json_is_null(&value))
            keys[n++] = value.key;
    }
    qsort(keys, n, sizeof(*keys), compare_keys);
    for (size_t i = 0; i < n; i++)
        json_put(out, keys[i], json_clone(json_at(map, keys[i]).v));
    return out;
}

/* The task's "1 vCPU" and "2 GB" as ECS stores them; numbers, which ECS refuses, become strings. */
static struct json_t *
size_string(const struct json_cur *c, bool is_cpu)
{
    struct err ignored = ERR_INIT;
    struct str text = str_from(json_str_or(c, ""));
    uint32_t value;
    int64_t number;
    char out[24];

    if (json_is_str(c)) {
        if ((is_cpu ? size_text_cpu(text, SIZE_TEXT_ECS, &value, &ignored)
                    : size_text_memory(text, SIZE_TEXT_ECS, &value, &ignored)) < 0)
            return json_clone(c->v);
        number = value;
    } else if (json_get_int(c, 0, INT64_MAX, &number, &ignored) < 0) {
        return json_clone(c->v);
    }
    snprintf(out, sizeof(out), "%" PRId64, number);
    return json_new_str(out);
}

/* What ECS assumes where a field of an object is absent, or NULL. */
static struct json_t *
filled_in(const struct context *ctx, const struct shape *shape, const char *key,
          const struct json_cur *object)
{
    struct json_cur port = json_at(object, "containerPort");

    if (shape == &shape_container && strcmp(key, "essential") == 0)
        return json_new_bool(true);
    if (shape == &shape_port_mapping && strcmp(key, "protocol") == 0)
        return json_new_str("tcp");
    if (shape == &shape_port_mapping && strcmp(key, "hostPort") == 0 && ctx->awsvpc &&
        json_is_number(&port))
        return json_clone(port.v);
    if (shape == &shape_health_check && strcmp(key, "interval") == 0)
        return json_new_int(30);
    if (shape == &shape_health_check && strcmp(key, "timeout") == 0)
        return json_new_int(5);
    if (shape == &shape_health_check && strcmp(key, "retries") == 0)
        return json_new_int(3);
    return NULL;
}

/* A host port of 0 means the same as none. */
static bool
is_unset(const struct shape *shape, const struct shape_field *field, const struct json_cur *value)
{
    struct err ignored = ERR_INIT;
    int64_t number;

    return is_absent(value) ||
           (shape == &shape_port_mapping && strcmp(field->key, "hostPort") == 0 &&
            json_get_int(value, 0, 0, &number, &ignored) == 0);
}

static bool
is_known(const struct shape *shape, const char *key)
{
    for (const struct shape_field *f = shape->fields; f->key != NULL; f++) {
        if (strcmp(f->key, key) == 0)
            return true;
    }
    return false;
}

static struct json_t *
canonical_member(const struct context *ctx, const struct json_cur *object,
                 const struct shape *shape, const struct shape_field *field)
{
    struct json_cur value = json_at(object, field->key);
    struct json_t *out;

    if (is_unset(shape, field, &value))
        return filled_in(ctx, shape, field->key, object);
    if (shape == &shape_task_definition && strcmp(field->key, "cpu") == 0)
        return size_string(&value, true);
    if (shape == &shape_task_definition && strcmp(field->key, "memory") == 0)
        return size_string(&value, false);
    out = canonical_value(ctx, &value, field);
    /* A list may have lost its last element, which said nothing. */
    if (json_is_array(&value) && json_size(out) == 0) {
        json_free(out);
        return NULL;
    }
    return out;
}

static struct json_t *
canonical_object(const struct context *ctx, const struct json_cur *object,
                 const struct shape *shape)
{
    struct json_t *out = json_new_object();
    struct json_cur value;
    void *iter = NULL;

    for (const struct shape_field *f = shape->fields; f->key != NULL; f++) {
        struct json_t *member = canonical_member(ctx, object, shape, f);

        if (member != NULL)
            json_put(out, f->key, member);
    }
    while (json_next(object, &iter, &value)) {
        if (!is_known(shape, value.key) && !is_absent(&value))
            json_put(out, value.key, json_clone(value.v));
    }
    return out;
}

static struct json_t *
canonical_value(const struct context *ctx, const struct json_cur *c,
                const struct shape_field *field)
{
    if (json_is_array(c))
        return canonical_array(ctx, c, field);
    if (json_is_object(c) && field->shape != NULL)
        return field->shape->is_map ? canonical_map(c) : canonical_object(ctx, c, field->shape);
    return json_clone(c->v);
}

struct json_t *
canonical_task_def(const struct json_t *body)
{
    static const struct shape_field root_field = {NULL, &shape_task_definition, NULL};
    struct json_cur root = json_root(body);
    struct json_cur mode = json_at(&root, "networkMode");
    struct context ctx = {strcmp(json_str_or(&mode, ""), "awsvpc") == 0};

    return canonical_value(&ctx, &root, &root_field);
}
