/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ECS_CANONICAL_H
#define ECS_CANONICAL_H

/*
 * The canonical form of a RegisterTaskDefinition body: keys in the order of the API's model, keys
 * it does not know after them; lists without a meaningful order sorted (environment, secrets and
 * containers by name, ports by number, tags by key); no nulls and no empty lists; what ECS would
 * fill in filled in (essential, hostPort under awsvpc, protocol, the intervals of a health check);
 * the task's cpu and memory as strings of whole units and MiB.
 *
 * Two bodies that ECS takes for the same have the same canonical form, and Terraform's provider,
 * which compares in the same way, sees no difference between it and what ECS describes.
 */

struct json_t;

/* A new reference; what does not have the expected type is kept as it is. */
struct json_t *canonical_task_def(const struct json_t *body);

#endif
