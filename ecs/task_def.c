/* SPDX-License-Identifier: Apache-2.0 */
#include "ecs/task_def.h"

#include <stdio.h>

#include "ecs/canonical.h"
#include "json/json.h"

/* Keys are put in any order and absent values as null: canonical_task_def() tidies up. */

static struct json_t *
strings(const char *const *v, size_t n)
{
    struct json_t *out = json_new_array();

    for (size_t i = 0; i < n; i++)
        json_push_str(out, v[i]);
    return out;
}

static struct json_t *
pairs(const struct task_def_pair *v, size_t n, const char *key, const char *value_key)
{
    struct json_t *out = json_new_array();

    for (size_t i = 0; i < n; i++) {
        struct json_t *pair = json_new_object();

        json_put_str(pair, key, v[i].name);
        json_put_str(pair, value_key, v[i].value);
        json_push(out, pair);
    }
    return out;
}

static struct json_t *
port_mappings(const struct task_def_container *c)
{
    struct json_t *out = json_new_array();

    for (size_t i = 0; i < c->n_ports; i++) {
        struct json_t *port = json_new_object();

        json_put_int(port, "containerPort", c->ports[i].port);
        json_put_str(port, "protocol", c->ports[i].protocol);
        json_push(out, port);
    }
    return out;
}

static struct json_t *
log_configuration(const struct task_def_container *c)
{
    struct json_t *out = json_new_object();
    struct json_t *options = json_new_object();

    json_put_str(options, "awslogs-group", c->log_group);
    json_put_str(options, "awslogs-region", c->log_region);
    json_put_str(options, "awslogs-stream-prefix", c->log_prefix);
    json_put_str(out, "logDriver", "awslogs");
    json_put(out, "options", options);
    return out;
}

static struct json_t *
health_check(const char *command)
{
    struct json_t *out = json_new_object();
    const char *const words[] = {"CMD-SHELL", command};

    json_put(out, "command", strings(words, 2));
    return out;
}

static struct json_t *
container(const struct task_def *spec)
{
    const struct task_def_container *c = &spec->container;
    struct json_t *out = json_new_object();

    json_put_str(out, "name", c->name);
    json_put_str(out, "image", c->image);
    /* The only container may use the whole task.  Its own limits say so where the task's cannot be
     * seen: in its cgroup (memory) and its metadata. */
    json_put_int(out, "cpu", spec->size.cpu_units);
    json_put_int(out, "memory", spec->size.memory_mib);
    json_put(out, "portMappings", port_mappings(c));
    json_put(out, "entryPoint", strings(c->entry_point, c->n_entry_point));
    json_put(out, "command", strings(c->command, c->n_command));
    json_put(out, "environment", pairs(c->environment, c->n_environment, "name", "value"));
    json_put(out, "secrets", pairs(c->secrets, c->n_secrets, "name", "valueFrom"));
    if (c->stop_timeout != NULL)
        json_put_int(out, "stopTimeout", *c->stop_timeout);
    json_put_str(out, "user", c->user);
    if (c->readonly_root)
        json_put_bool(out, "readonlyRootFilesystem", true);
    if (c->log_group != NULL)
        json_put(out, "logConfiguration", log_configuration(c));
    if (c->health_command != NULL)
        json_put(out, "healthCheck", health_check(c->health_command));
    return out;
}

/* The task's own cpu and memory are strings. */
static void
put_number_text(struct json_t *out, const char *key, uint32_t number)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", number);
    if (number != 0)
        json_put_str(out, key, text);
}

struct json_t *
task_def_build(const struct task_def *spec)
{
    static const char *const fargate = "FARGATE";
    cleanup_json struct json_t *body = json_new_object();
    struct json_t *containers = json_new_array();
    struct json_t *platform = json_new_object();

    json_put_str(body, "family", spec->family);
    json_put_str(body, "taskRoleArn", spec->task_role);
    json_put_str(body, "executionRoleArn", spec->execution_role);
    json_put_str(body, "networkMode", "awsvpc");
    json_push(containers, container(spec));
    json_put(body, "containerDefinitions", containers);
    json_put(body, "requiresCompatibilities", strings(&fargate, 1));
    put_number_text(body, "cpu", spec->size.cpu_units);
    put_number_text(body, "memory", spec->size.memory_mib);
    json_put(body, "tags", pairs(spec->tags, spec->n_tags, "key", "value"));
    if (spec->ephemeral_gib != NULL) {
        struct json_t *storage = json_new_object();

        json_put_int(storage, "sizeInGiB", *spec->ephemeral_gib);
        json_put(body, "ephemeralStorage", storage);
    }
    json_put_str(platform, "cpuArchitecture", spec->architecture);
    json_put_str(platform, "operatingSystemFamily", spec->os_family);
    json_put(body, "runtimePlatform", platform);
    return canonical_task_def(body);
}
