/* SPDX-License-Identifier: Apache-2.0 */
#include "taskgen/cmds.h"

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/fs.h"
#include "taskgen/render.h"
#include "taskgen/render_values.h"
#include "taskgen/report.h"
#include "json/json.h"

enum { OUTPUT_MAX = 4 * 1024 * 1024, STATUS_USAGE = 2 };

/* Most options are texts, once or several times. */
#define TEXT(long_name, short_name, field, value, text)                               \
    {                                                                                 \
        .name = (long_name), .letter = (short_name), .type = CLI_STR,                 \
        .offset = offsetof(struct render_opts, field), .arg = (value), .help = (text) \
    }
#define LIST(long_name, short_name, field, value, text)                               \
    {                                                                                 \
        .name = (long_name), .letter = (short_name), .type = CLI_LIST,                \
        .offset = offsetof(struct render_opts, field), .arg = (value), .help = (text) \
    }

static const struct cli_opt opts[] = {
    TEXT("cpu", 'c', cpu, "UNITS|VCPU", "Size of the task: 1024, '1 vCPU', 0.25."),
    TEXT("memory", 'm', memory, "MIB|GB",
         "Memory of the task: 2048, '2 GB'; the smallest that goes with the CPU when not given."),
    TEXT("image", 'i', image, "REF", "Image to run."),
    TEXT("name", 'n', name, "NAME", "Name of the container; the image's when not given."),
    TEXT("family", 'f', family, "NAME",
         "Family of the definition; the image's name when not given."),
    LIST("port", 0, ports, "PORT[/udp]", "Port to open, 8000 when not given; 'none' for none."),
    LIST("env", 'e', environment, "NAME=VALUE", "Environment variable; wins over what is stamped."),
    LIST("secret", 0, secrets, "NAME=ARN", "Variable from Secrets Manager or SSM."),
    LIST("entrypoint", 0, entry_point, "WORD", "One word of the entry point."),
    LIST("command", 0, command, "WORD", "One word of the command."),
    TEXT("user", 'u', user, "UID[:GID]", "User to run as."),
    {.name = "readonly",
     .type = CLI_FLAG,
     .offset = offsetof(struct render_opts, readonly),
     .help = "Root file system that cannot be written."},
    TEXT("health-cmd", 0, health_command, "COMMAND", "Health check, run by the container's shell."),
    TEXT("stop-timeout", 0, stop_timeout, "SECONDS",
         "Time from SIGTERM to SIGKILL, from 2 to 120; ECS takes 30 when not given."),
    TEXT("execution-role", 0, execution_role, "ARN",
         "Role that ECS pulls, logs and decrypts with."),
    TEXT("task-role", 0, task_role, "ARN", "Role of the program itself."),
    TEXT("log-group", 0, log_group, "GROUP", "Log to this group of CloudWatch Logs."),
    {.name = "log-region",
     .type = CLI_STR,
     .offset = offsetof(struct render_opts, log_region),
     .arg = "REGION",
     .help = "Region of the log group.",
     .env = "AWS_REGION"},
    TEXT("log-prefix", 0, log_prefix, "PREFIX",
         "Prefix of the log streams; the container's name when not given."),
    TEXT("os", 0, os, "NAME", "linux, windows or windows-2025-core and its like."),
    TEXT("arch", 'a', arch, "NAME", "x86_64 or arm64."),
    TEXT("ephemeral-storage", 0, ephemeral_storage, "GIB",
         "Storage, from 21 to 200; every task has 20."),
    LIST("tag", 't', tags, "KEY=VALUE", "Tag of the definition."),
    TEXT("workers", 'w', worker_count, "N", "WEB_CONCURRENCY as it is, whatever the policy says."),
    WORKERS_OPTIONS_POLICY(struct render_opts, workers),
    TEXT("output", 'o', output, "FILE", "Write here instead of standard output."),
    {.name = NULL},
};

static const struct render_opts defaults = {.image = "berthd:latest",
                                            .os = "linux",
                                            .arch = "x86_64",
                                            .workers = {.policy = WORKERS_DEFAULT_POLICY},
                                            .output = "-"};

static int
run(const void *data, int n_operands UNUSED, char **operands UNUSED, struct err *err)
{
    const struct render_opts *o = data;
    cleanup_finding_list struct finding_list findings = {NULL, 0};
    cleanup_buf struct buf out = BUF_INIT(OUTPUT_MAX);
    cleanup_json struct json_t *body = NULL;

    render_values_utf8(opts, o, &findings);
    body = render(o, &findings);
    if (findings.n > 0) {
        report_findings(&findings);
        return STATUS_USAGE;
    }
    json_write(body, JSON_PRETTY, &out);
    if (buf_finish(&out, err) < 0)
        return err_wrap(err, "task definition");
    return fs_write(o->output, out.p, out.n, 0644, err);
}

const struct cli_cmd cmd_render = {
    .name = "render",
    .summary = "print the task definition for a size and an image",
    .operands = "",
    .opts = opts,
    .opts_size = sizeof(struct render_opts),
    .defaults = &defaults,
    .details =
        "The result is the body of RegisterTaskDefinition, for `taskgen register`, `aws ecs "
        "register-task-definition --cli-input-json file://FILE` and Terraform's "
        "jsondecode(file(...)) alike. The same options give the same bytes.\n"
        "\n"
        "Stamped into the environment: BERTH_CPU_UNITS and BERTH_MEMORY_MIB, the size of the task, "
        "which a program on Fargate cannot see otherwise, and WEB_CONCURRENCY, the workers that "
        "the "
        "policy gives for it: with 2n+1, 256 units have 1, 512 have 2, 1024 have 3, 2048 have 5 "
        "and "
        "4096 have 9.\n"
        "\n"
        "Everything that is wrong is said in one run, one line each, and ends with status 2.",
    .run = run,
};
