/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ECS_RULE_H
#define ECS_RULE_H

/*
 * What a task definition must satisfy before ECS takes it, checked without the network.  A rule is
 * data (an id and a summary) and a small function that looks at the task or at one container and
 * adds what it finds.  Rules read any document: a value of the wrong type is some other rule's
 * finding, and counts as absent here.
 *
 * To add a rule: write its function in the rule_*.c of its subject and name it in that file's
 * table.
 */

#include <stdbool.h>
#include <stddef.h>

#include "ecs/finding.h"
#include "ecs/size.h"
#include "json/json.h"

struct rule;

/* What rules look at.  container is a null cursor in a rule of the task. */
struct rule_look {
    struct json_cur task;
    struct json_cur containers;
    struct json_cur container;
    bool is_fargate; /* requiresCompatibilities contains FARGATE */
    enum size_os os;
    const struct rule *rule;
    struct finding_list *out;
};

struct rule {
    const char *id;
    const char *summary; /* one sentence */
    void (*task)(const struct rule_look *look);
    void (*container)(const struct rule_look *look); /* one of the two is NULL */
    const char *fix;                                 /* as in struct finding */
};

/* Checks a whole definition against every rule; findings come in the order of the rules. */
void rule_check(const struct json_t *task_def, struct finding_list *out);

/* All rules, NULL after the last. */
const struct rule *rule_get(size_t index);

/* ---- for the rules themselves ---- */

/* Each ends with a rule that has no id. */
extern const struct rule rule_task_table[];
extern const struct rule rule_container_table[];

#define RULE_FINDING(look, at, ...) \
    finding_add((look)->out, (at), (look)->rule->id, (look)->rule->fix, __VA_ARGS__)

/* The member's text, or NULL; the member's number, or false. */
const char *rule_str(const struct json_cur *object, const char *key);
bool rule_int(const struct json_cur *object, const char *key, int64_t *out);
bool rule_is_present(const struct json_cur *object, const char *key);

/* Whether text has 1 to max bytes, all letters, digits or of extra. */
bool rule_is_word(const char *text, size_t max, const char *extra);

#endif
