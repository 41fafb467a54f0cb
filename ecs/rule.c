/* SPDX-License-Identifier: Apache-2.0 */
#include "ecs/rule.h"

#include <stdint.h>

#include "base/err.h"

static const struct rule *const tables[] = {rule_task_table, rule_container_table};

const struct rule *
rule_get(size_t index)
{
    for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
        for (const struct rule *r = tables[t]; r->id != NULL; r++) {
            if (index-- == 0)
                return r;
        }
    }
    return NULL;
}

static bool
has_fargate(const struct json_cur *task)
{
    struct json_cur list = json_at(task, "requiresCompatibilities");

    for (size_t i = 0; i < json_len(&list); i++) {
        struct json_cur item = json_item(&list, i);

        if (strcmp(json_str_or(&item, ""), "FARGATE") == 0)
            return true;
    }
    return false;
}

static enum size_os
os_of(const struct json_cur *task)
{
    struct json_cur platform = json_at(task, "runtimePlatform");
    const char *family = rule_str(&platform, "operatingSystemFamily");

    return family != NULL && str_starts(str_from(family), "WINDOWS") ? SIZE_WINDOWS : SIZE_LINUX;
}

void
rule_check(const struct json_t *task_def, struct finding_list *out)
{
    struct rule_look look = {.task = json_root(task_def), .out = out};

    look.containers = json_at(&look.task, "containerDefinitions");
    look.is_fargate = has_fargate(&look.task);
    look.os = os_of(&look.task);
    for (size_t i = 0; (look.rule = rule_get(i)) != NULL; i++) {
        if (look.rule->task != NULL)
            look.rule->task(&look);
        for (size_t k = 0; look.rule->container != NULL && k < json_len(&look.containers); k++) {
            look.container = json_item(&look.containers, k);
            look.rule->container(&look);
        }
    }
}

const char *
rule_str(const struct json_cur *object, const char *key)
{
    struct json_cur c = json_at(object, key);

    return json_str_or(&c, NULL);
}

bool
rule_int(const struct json_cur *object, const char *key, int64_t *out)
{
    struct json_cur c = json_at(object, key);
    struct err ignored = ERR_INIT;

    return json_get_int(&c, INT64_MIN, INT64_MAX, out, &ignored) == 0;
}

bool
rule_is_present(const struct json_cur *object, const char *key)
{
    struct json_cur c = json_at(object, key);

    return !json_is_null(&c);
}

bool
rule_is_word(const char *text, size_t max, const char *extra)
{
    size_t n = 0;

    for (; text[n] != '\0'; n++) {
        char c = text[n];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            strchr(extra, c) == NULL)
            return false;
    }
    return n > 0 && n <= max;
}
