/* SPDX-License-Identifier: Apache-2.0 */
#include "taskgen/render.h"

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "ecs/rule.h"
#include "ecs/size_text.h"
#include "ecs/task_def.h"
#include "taskgen/image_name.h"
#include "taskgen/platform.h"
#include "taskgen/render_values.h"
#include "json/json.h"

enum { DEFAULT_PORT = 8000, WORKERS_MAX = 65535, BYTES_PER_MIB = 1024 * 1024 };

static const char rule_id[] = "option";

/* What the description of the task points into, until the document is built. */
struct parts {
    char *image_name;
    struct render_values_pairs environment;
    struct render_values_pairs secrets;
    struct render_values_pairs tags;
    struct task_def_port *ports;
    uint32_t stop_timeout;
    uint32_t ephemeral_gib;
};

static void
parts_done(struct parts *p)
{
    free(p->image_name);
    render_values_pairs_done(&p->environment);
    render_values_pairs_done(&p->secrets);
    render_values_pairs_done(&p->tags);
    free(p->ports);
}

#define cleanup_parts __attribute__((cleanup(parts_done)))

static void
read_platform(const struct render_opts *o, struct task_def *spec, struct finding_list *findings)
{
    struct err err = ERR_INIT;

    spec->os_family = "LINUX";
    spec->architecture = "X86_64";
    if (o->os != NULL && platform_os(o->os, &spec->os_family, &err) < 0)
        finding_add_option(findings, "--os", rule_id, NULL, "'%s' %s", o->os, err.msg);
    if (o->arch != NULL && platform_arch(o->arch, &spec->architecture, &err) < 0)
        finding_add_option(findings, "--arch", rule_id, NULL, "'%s' %s", o->arch, err.msg);
}

static void
read_size(const struct render_opts *o, struct task_def *spec, struct finding_list *findings)
{
    enum size_os os = platform_size_os(spec->os_family);
    struct err err = ERR_INIT;
    bool has_memory = false;

    if (o->memory != NULL) {
        has_memory = size_text_memory(str_from(o->memory), SIZE_TEXT_OPTION, &spec->size.memory_mib,
                                      &err) == 0;
        if (!has_memory)
            finding_add_option(findings, "--memory", rule_id, NULL, "'%s' %s", o->memory, err.msg);
    }
    if (o->cpu == NULL) {
        finding_add_option(findings, "--cpu", rule_id,
                           "say how large the task is, as in --cpu 1024", "it is missing");
    } else if (size_text_cpu(str_from(o->cpu), SIZE_TEXT_OPTION, &spec->size.cpu_units, &err) < 0) {
        finding_add_option(findings, "--cpu", rule_id, NULL, "'%s' %s", o->cpu, err.msg);
    } else {
        if (!has_memory)
            spec->size.memory_mib = size_smallest_memory(os, spec->size.cpu_units);
        return;
    }
    /* Any valid size stands in, so that the rules find what else is wrong and not this again. */
    spec->size.cpu_units = SIZE_UNITS_PER_VCPU;
    spec->size.memory_mib = size_smallest_memory(os, SIZE_UNITS_PER_VCPU);
}

static bool
has_name(const struct render_values_pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->n; i++) {
        if (strcmp(pairs->v[i].name, name) == 0)
            return true;
    }
    return false;
}

/* What the user said, as a plain variable or as a secret, wins. */
static void
stamp(struct parts *p, const char *name, uint32_t value)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", value);
    if (!has_name(&p->environment, name) && !has_name(&p->secrets, name))
        render_values_add_pair(&p->environment, name, text);
}

/* --workers, else the policy's answer for the task's size. */
static uint32_t
count_workers(const struct render_opts *o, struct size size, struct finding_list *findings)
{
    struct policy_memory memory = {(uint64_t)size.memory_mib * BYTES_PER_MIB, 0, 0};
    struct policy policy = {POLICY_2N_PLUS_1, 0};
    struct err err = ERR_INIT;
    uint32_t n;

    if (policy_parse(o->workers.policy, &policy, &err) < 0)
        finding_add_option(findings, "--policy", rule_id, NULL, "%s", err.msg);
    if (workers_memory(o->workers.memory_per_worker, &memory.per_worker_bytes, &err) < 0)
        finding_add_option(findings, "--memory-per-worker", rule_id, NULL, "%s", err.msg);
    if (workers_memory(o->workers.reserve, &memory.reserve_bytes, &err) < 0)
        finding_add_option(findings, "--reserve", rule_id, NULL, "%s", err.msg);
    if (render_values_number("--workers", o->worker_count, &n, findings)) {
        if (n >= 1 && n <= WORKERS_MAX)
            return n;
        finding_add_option(findings, "--workers", rule_id, NULL,
                           "%u workers cannot be; 1 to %d can", n, WORKERS_MAX);
    }
    return policy_workers(&policy, (double)size.cpu_units / SIZE_UNITS_PER_VCPU, &memory, NULL);
}

static void
read_environment(const struct render_opts *o, const struct task_def *spec, struct parts *p,
                 struct finding_list *findings)
{
    render_values_pairs("--env", &o->environment, &p->environment, findings);
    render_values_pairs("--secret", &o->secrets, &p->secrets, findings);
    stamp(p, "BERTH_CPU_UNITS", spec->size.cpu_units);
    stamp(p, "BERTH_MEMORY_MIB", spec->size.memory_mib);
    stamp(p, "WEB_CONCURRENCY", count_workers(o, spec->size, findings));
}

static void
read_container(const struct render_opts *o, struct task_def *spec, struct parts *p,
               struct finding_list *findings)
{
    static const struct task_def_port default_port = {DEFAULT_PORT, "tcp"};
    struct task_def_container *c = &spec->container;

    *c = (struct task_def_container){
        .name = o->name != NULL ? o->name : p->image_name,
        .image = o->image,
        .entry_point = o->entry_point.v,
        .n_entry_point = o->entry_point.n,
        .command = o->command.v,
        .n_command = o->command.n,
        .ports = &default_port,
        .n_ports = 1,
        .environment = p->environment.v,
        .n_environment = p->environment.n,
        .secrets = p->secrets.v,
        .n_secrets = p->secrets.n,
        .user = o->user,
        .readonly_root = o->readonly,
        .health_command = o->health_command,
        .log_group = o->log_group,
        .log_region = o->log_region,
        .log_prefix = o->log_prefix,
    };
    if (c->log_prefix == NULL)
        c->log_prefix = c->name;
    if (o->ports.n > 0) {
        c->n_ports = render_values_ports(&o->ports, &p->ports, findings);
        c->ports = p->ports;
    }
    if (render_values_number("--stop-timeout", o->stop_timeout, &p->stop_timeout, findings))
        c->stop_timeout = &p->stop_timeout;
}

/* An image without a name breaks its own rule; the stand-in keeps it from breaking two more. */
static char *
name_of_image(const char *image)
{
    cleanup_free char *name = image_name(image);

    return name[0] != '\0' ? steal_ptr(&name) : mem_strdup("image");
}

struct json_t *
render(const struct render_opts *o, struct finding_list *findings)
{
    cleanup_parts struct parts p = {.image_name = name_of_image(o->image)};
    cleanup_json struct json_t *body = NULL;
    struct task_def spec = {
        .family = o->family != NULL ? o->family : p.image_name,
        .execution_role = o->execution_role,
        .task_role = o->task_role,
    };
    size_t before = findings->n;

    read_platform(o, &spec, findings);
    read_size(o, &spec, findings);
    read_environment(o, &spec, &p, findings);
    read_container(o, &spec, &p, findings);
    if (render_values_number("--ephemeral-storage", o->ephemeral_storage, &p.ephemeral_gib,
                             findings))
        spec.ephemeral_gib = &p.ephemeral_gib;
    render_values_pairs("--tag", &o->tags, &p.tags, findings);
    spec.tags = p.tags.v;
    spec.n_tags = p.tags.n;
    body = task_def_build(&spec);
    rule_check(body, findings);
    return findings->n == before ? steal_ptr(&body) : NULL;
}
