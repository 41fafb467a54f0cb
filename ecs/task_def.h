/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ECS_TASK_DEF_H
#define ECS_TASK_DEF_H

/*
 * A description of a task in C, from which the body of RegisterTaskDefinition is built, in its
 * canonical form (ecs/canonical.h).  Nothing is checked here: that is ecs/rule.h's part.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ecs/size.h"

struct json_t;

struct task_def_pair {
    const char *name;
    const char *value;
};

struct task_def_port {
    uint32_t port;
    const char *protocol; /* "tcp" or "udp" */
};

/* NULL, 0 and false leave a field out. */
struct task_def_container {
    const char *name;
    const char *image;
    const char *const *entry_point;
    size_t n_entry_point;
    const char *const *command;
    size_t n_command;
    const struct task_def_port *ports;
    size_t n_ports;
    const struct task_def_pair *environment;
    size_t n_environment;
    const struct task_def_pair *secrets; /* value is the ARN or parameter */
    size_t n_secrets;
    const char *user;
    bool readonly_root;
    const char *health_command; /* run by a shell in the container */
    const uint32_t *stop_timeout;
    const char *log_group; /* awslogs */
    const char *log_region;
    const char *log_prefix;
};

/* A Fargate task with one container, which may use all of it. */
struct task_def {
    const char *family;
    struct size size;
    const char *os_family;    /* "LINUX", "WINDOWS_SERVER_2022_CORE", ... */
    const char *architecture; /* "X86_64", "ARM64" */
    const char *execution_role;
    const char *task_role;
    const uint32_t *ephemeral_gib;
    const struct task_def_pair *tags;
    size_t n_tags;
    struct task_def_container container;
};

/* The body (new reference). */
struct json_t *task_def_build(const struct task_def *spec);

#endif
