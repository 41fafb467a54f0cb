/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TASKGEN_RENDER_H
#define TASKGEN_RENDER_H

/*
 * From the options of `taskgen render` to a task definition.  Everything that is wrong is found in
 * one go: values that cannot be read, and what ecs/rule.h says about the rest.
 */

#include <stdbool.h>

#include "base/cli.h"
#include "ecs/finding.h"
#include "taskgen/workers.h"

struct json_t;

/* As the command line gave them; NULL where it did not, but for what cmd_render.c defaults. */
struct render_opts {
    const char *cpu;
    const char *memory;
    const char *image;
    const char *name;
    const char *family;
    struct cli_list ports;
    struct cli_list environment;
    struct cli_list secrets;
    struct cli_list entry_point;
    struct cli_list command;
    struct cli_list tags;
    const char *execution_role;
    const char *task_role;
    const char *log_group;
    const char *log_region;
    const char *log_prefix;
    const char *os;
    const char *arch;
    struct workers_opts workers;
    const char *worker_count;
    const char *user;
    const char *health_command;
    const char *stop_timeout;
    const char *ephemeral_storage;
    bool readonly;
    const char *output;
};

/* The canonical body (new reference), or NULL with at least one finding added. */
struct json_t *render(const struct render_opts *opts, struct finding_list *findings);

#endif
