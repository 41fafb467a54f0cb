/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ECS_SHAPE_H
#define ECS_SHAPE_H

/*
 * The shape of a RegisterTaskDefinition body as data: the keys of each object in the order of the
 * API's model (botocore, ecs 2014-11-13), which is the order we write them in, and the lists whose
 * order has no meaning, with what they are sorted by.
 */

#include <stdbool.h>

struct shape_field {
    const char *key;
    const struct shape *shape; /* of the object, or of the list's elements; NULL: plain values */
    const char *sort_by; /* key of the elements; "" sorts plain strings; NULL keeps the order */
};

struct shape {
    bool is_map;                      /* the user's own keys, which have no order: sorted */
    const struct shape_field *fields; /* ends with {NULL} */
};

extern const struct shape shape_task_definition;
extern const struct shape shape_container;
extern const struct shape shape_port_mapping;
extern const struct shape shape_health_check;

#endif
