/* SPDX-License-Identifier: Apache-2.0 */
#include "ecs/rule.h"

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "ecs/size_text.h"

enum { NAME_MAX_BYTES = 255, TAGS_MAX = 50, TAG_KEY_MAX = 128, TAG_VALUE_MAX = 256 };
enum { STORAGE_MIN_GIB = 21, STORAGE_MAX_GIB = 200 };

static void
family(const struct rule_look *look)
{
    struct json_cur at = json_at(&look->task, "family");
    const char *name = json_str_or(&at, "");

    if (name[0] == '\0')
        RULE_FINDING(look, &at, "the task definition has no family");
    else if (!rule_is_word(name, NAME_MAX_BYTES, "-_"))
        RULE_FINDING(look, &at, "'%s' is no family name", name);
}

static void
network_mode(const struct rule_look *look)
{
    struct json_cur at = json_at(&look->task, "networkMode");

    if (look->is_fargate && strcmp(json_str_or(&at, ""), "awsvpc") != 0)
        RULE_FINDING(look, &at, "Fargate knows no network mode '%s'", json_str_or(&at, "bridge"));
}

/* False when there is a finding already. */
static bool
read_size(const struct rule_look *look, const char *key,
          int (*parse)(struct str, enum size_text_dialect, uint32_t *, struct err *), uint32_t *out)
{
    struct json_cur at = json_at(&look->task, key);
    const char *text = json_str_or(&at, NULL);
    struct err err = ERR_INIT;

    if (text == NULL) {
        RULE_FINDING(look, &at, "Fargate needs '%s' as a string at task level", key);
        return false;
    }
    if (parse(str_from(text), SIZE_TEXT_ECS, out, &err) < 0) {
        RULE_FINDING(look, &at, "'%s' %s", text, err.msg);
        return false;
    }
    return true;
}

/* `2` where 2 GB were meant. */
static bool
is_gb_without_unit(enum size_os os, struct size size)
{
    return size.memory_mib <= UINT32_MAX / SIZE_MIB_PER_GB &&
           size_is_valid(os, (struct size){size.cpu_units, size.memory_mib * SIZE_MIB_PER_GB});
}

/* A CPU size that does not exist is one finding, whatever the memory says. */
static void
size(const struct rule_look *look)
{
    cleanup_buf struct buf text = BUF_INIT(1024);
    struct json_cur cpu = json_at(&look->task, "cpu");
    struct json_cur memory = json_at(&look->task, "memory");
    struct err ignored = ERR_INIT;
    struct size pair = {0, 0};

    if (!look->is_fargate || !read_size(look, "cpu", size_text_cpu, &pair.cpu_units))
        return;
    if (!size_has_cpu(look->os, pair.cpu_units)) {
        if (size_text_memory(str_from(json_str_or(&memory, "")), SIZE_TEXT_ECS, &pair.memory_mib,
                             &ignored) < 0)
            pair.memory_mib = 0;
        size_explain(look->os, pair, &text);
        RULE_FINDING(look, &cpu, "%s", buf_cstr(&text));
        return;
    }
    if (!read_size(look, "memory", size_text_memory, &pair.memory_mib) ||
        size_is_valid(look->os, pair))
        return;
    size_explain(look->os, pair, &text);
    if (is_gb_without_unit(look->os, pair))
        buf_appendf(&text, "; did you mean %u GB?", pair.memory_mib);
    RULE_FINDING(look, &memory, "%s", buf_cstr(&text));
}

static void
windows_arm64(const struct rule_look *look)
{
    struct json_cur platform = json_at(&look->task, "runtimePlatform");
    struct json_cur at = json_at(&platform, "cpuArchitecture");

    if (look->is_fargate && look->os == SIZE_WINDOWS && strcmp(json_str_or(&at, ""), "ARM64") == 0)
        RULE_FINDING(look, &at, "Windows runs on X86_64 only");
}

static void
ephemeral_storage(const struct rule_look *look)
{
    struct json_cur storage = json_at(&look->task, "ephemeralStorage");
    struct json_cur at = json_at(&storage, "sizeInGiB");
    int64_t gib;

    if (look->is_fargate && rule_int(&storage, "sizeInGiB", &gib) &&
        (gib < STORAGE_MIN_GIB || gib > STORAGE_MAX_GIB))
        RULE_FINDING(look, &at, "%lld GiB of storage cannot be had; it is %d to %d GiB",
                     (long long)gib, STORAGE_MIN_GIB, STORAGE_MAX_GIB);
}

static bool
is_role(const char *text)
{
    struct str s = str_from(text);

    return str_starts(s, "arn:") ? strstr(text, ":iam::") != NULL && strstr(text, ":role/") != NULL
                                 : rule_is_word(text, NAME_MAX_BYTES, "+=,.@_-/");
}

static void
role(const struct rule_look *look)
{
    static const char *const keys[] = {"executionRoleArn", "taskRoleArn"};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct json_cur at = json_at(&look->task, keys[i]);
        const char *text = json_str_or(&at, NULL);

        if (text != NULL && !is_role(text))
            RULE_FINDING(look, &at, "'%s' is neither the ARN nor the name of a role", text);
    }
}

static void
tag(const struct rule_look *look, const struct json_cur *tags, size_t index)
{
    struct json_cur at = json_item(tags, index);
    const char *key = rule_str(&at, "key");
    const char *value = rule_str(&at, "value");

    if (key == NULL || key[0] == '\0' || strlen(key) > TAG_KEY_MAX)
        RULE_FINDING(look, &at, "the tag key '%s' is empty or longer than %d bytes",
                     key == NULL ? "" : key, TAG_KEY_MAX);
    else if (str_eq_nocase((struct str){key, strlen(key) < 4 ? strlen(key) : 4}, "aws:"))
        RULE_FINDING(look, &at, "the tag key '%s' begins with 'aws:', which AWS keeps for itself",
                     key);
    if (value != NULL && strlen(value) > TAG_VALUE_MAX)
        RULE_FINDING(look, &at, "the value of tag '%s' is longer than %d bytes",
                     key == NULL ? "" : key, TAG_VALUE_MAX);
    for (size_t i = 0; key != NULL && i < index; i++) {
        struct json_cur other = json_item(tags, i);
        const char *other_key = rule_str(&other, "key");

        if (other_key != NULL && strcmp(other_key, key) == 0) {
            RULE_FINDING(look, &at, "the tag '%s' is there twice", key);
            break;
        }
    }
}

static void
tags(const struct rule_look *look)
{
    struct json_cur at = json_at(&look->task, "tags");

    if (json_len(&at) > TAGS_MAX) {
        RULE_FINDING(look, &at, "%zu tags are too many", json_len(&at));
        return;
    }
    for (size_t i = 0; i < json_len(&at); i++)
        tag(look, &at, i);
}

const struct rule rule_task_table[] = {
    {"family-name", "A family has 1 to 255 letters, digits, '-' and '_'.", family, NULL,
     "use 1 to 255 letters, digits, '-' and '_'"},
    {"fargate-network-mode", "Fargate runs tasks in network mode awsvpc only.", network_mode, NULL,
     "use 'awsvpc'"},
    {"fargate-size", "Fargate offers 77 pairs of CPU and memory for Linux and 43 for Windows.",
     size, NULL, NULL},
    {"windows-x86-only", "Windows tasks run on X86_64.", windows_arm64, NULL,
     "use X86_64, or Linux"},
    {"ephemeral-storage", "Storage beyond the 20 GiB of every task is 21 to 200 GiB.",
     ephemeral_storage, NULL, "leave it out for the 20 GiB that every task has"},
    {"role-arn", "A role is an ARN or a role's name.", role, NULL,
     "write it as arn:aws:iam::ACCOUNT:role/NAME"},
    {"tags", "At most 50 tags, keys of 1 to 128 bytes that are not AWS's own, values up to 256.",
     tags, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
