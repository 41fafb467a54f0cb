/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ECS_REGISTER_H
#define ECS_REGISTER_H

/*
 * From a document of the user's to a request that RegisterTaskDefinition takes.
 */

#include "base/attr.h"

struct buf;
struct err;
struct json_t;

/* Checks that doc has what every definition has, and copies it without the keys that ECS adds to
 * its answers, which people keep in files written by `aws ecs describe-task-definition`.  The names
 * of dropped keys are appended to dropped, separated by ", ".  Errors name the JSON pointer. */
int register_prepare(const struct json_t *doc, struct json_t **out, struct buf *dropped,
                     struct err *err) NODISCARD;

#endif
