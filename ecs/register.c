/* SPDX-License-Identifier: Apache-2.0 */
#include "ecs/register.h"

#include <stdbool.h>
#include <string.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

static bool
is_answer_only(const char *key)
{
    static const char *const keys[] = {
        "taskDefinitionArn",  "revision",          "status",
        "requiresAttributes", "compatibilities",   "registeredAt",
        "deregisteredAt",     "deleteRequestedAt", "registeredBy",
    };

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (strcmp(key, keys[i]) == 0)
            return true;
    }
    return false;
}

static int
check_shape(const struct json_cur *root, struct err *err)
{
    struct json_cur family = json_at(root, "family");
    struct json_cur containers = json_at(root, "containerDefinitions");
    struct json_cur wrapped = json_at(root, "taskDefinition");
    const char *name;

    if (json_need_object(root, err) < 0)
        return -1;
    if (family.v == NULL && json_is_object(&wrapped))
        return json_err(root, err,
                        "this is an answer of DescribeTaskDefinition; give what is inside its "
                        "taskDefinition (jq .taskDefinition)");
    if (json_get_str(&family, &name, err) < 0)
        return -1;
    if (*name == '\0')
        return json_err(&family, err, "is empty");
    if (json_need_array(&containers, err) < 0)
        return -1;
    if (json_len(&containers) == 0)
        return json_err(&containers, err, "holds no container");
    return 0;
}

static struct json_t *
copy_without_answer_keys(const struct json_cur *root, struct buf *dropped)
{
    struct json_t *body = json_new_object();
    struct json_cur value;
    void *iter = NULL;

    while (json_next(root, &iter, &value)) {
        if (is_answer_only(value.key))
            buf_appendf(dropped, "%s%s", dropped->n > 0 ? ", " : "", value.key);
        else
            json_put(body, value.key, json_clone(value.v));
    }
    return body;
}

int
register_prepare(const struct json_t *doc, struct json_t **out, struct buf *dropped,
                 struct err *err)
{
    struct json_cur root = json_root(doc);

    if (check_shape(&root, err) < 0)
        return -1;
    *out = copy_without_answer_keys(&root, dropped);
    return 0;
}
