/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_BASE_DEMO_PROGRAM_H
#define UNIT_BASE_DEMO_PROGRAM_H

/* A program for the tests of help, completion and manual: each kind of option, an example in the
 * details, marks that scdoc and shells would read as their own. */

#include <limits.h>
#include <stdio.h>

#include "base/cli.h"
#include "base/err.h"

struct demo_opts {
    bool force;
    const char *platform;
    uint64_t jobs;
    double cpus;
    struct cli_list env;
    const char *format;
};

static const struct cli_opt demo_table[] = {
    {"force", 'f', CLI_FLAG, offsetof(struct demo_opts, force), NULL,
     "Don't ask; use `*stars*`, [brackets], under_scores and C:\\paths | pipes.", 0, 0, NULL},
    {"platform", 'p', CLI_STR, offsetof(struct demo_opts, platform), "OS/ARCH",
     "Platform of the image, in words that are many enough to need a second line in the help.", 0,
     0, "DEMO_PLATFORM"},
    {"jobs", 'j', CLI_UINT, offsetof(struct demo_opts, jobs), "N", "Layers at once.", 1, 64,
     "DEMO_JOBS"},
    {"cpus", 0, CLI_DECIMAL, offsetof(struct demo_opts, cpus), "CPUS", "CPUs.", 0, 0, NULL},
    {"env", 'e', CLI_LIST, offsetof(struct demo_opts, env), "NAME=VALUE", "Variable.", 0, 0, NULL},
    {"format", 0, CLI_CHOICE, offsetof(struct demo_opts, format), "text|json|sarif", "Format.", 0,
     0, NULL},
    {.name = NULL}};

static const struct demo_opts demo_defaults = {.format = "text", .jobs = 4};

/* Prints its operands; fails, or fails without a reason, when asked to. */
static int
demo_run(const void *opts, int n, char **operands, struct err *err)
{
    const struct demo_opts *o = opts;

    if (n > 0 && operands[0][0] == '!')
        return operands[0][1] == '!' ? -1 : err_set(err, ERR_TIMEOUT, "no answer\nin time");
    printf("jobs=%d format=%s", (int)o->jobs, o->format != NULL ? o->format : "-");
    for (int i = 0; i < n; i++)
        printf(" %s", operands[i]);
    printf("\n");
    return n > 1 ? 3 : 0;
}

static const struct cli_cmd demo_pull = {
    .name = "pull",
    .summary = "fetch an image",
    .operands = "IMAGE [LAYOUT]",
    .min_operands = 1,
    .max_operands = 2,
    .opts = demo_table,
    .opts_size = sizeof(struct demo_opts),
    .defaults = &demo_defaults,
    .details = "The first paragraph is written\nin two lines.\n\n  demo pull busybox\n"
               "  demo pull --jobs 2 busybox\n\nThe last one_with_marks.",
    .run = demo_run};

static const struct cli_cmd demo_exec = {.name = "exec",
                                         .summary = "become a command",
                                         .operands = "COMMAND...",
                                         .min_operands = 1,
                                         .max_operands = UINT_MAX,
                                         .stop_at_operand = true,
                                         .opts = demo_table,
                                         .opts_size = sizeof(struct demo_opts),
                                         .run = demo_run};

static const struct cli_cmd demo_only_cmd = {.summary = "serve",
                                             .operands = "",
                                             .opts = demo_table,
                                             .opts_size = sizeof(struct demo_opts),
                                             .run = demo_run};

static const struct cli_cmd *const demo_commands[] = {&demo_pull, &demo_exec, NULL};
static const struct cli_cmd *const demo_only_commands[] = {&demo_only_cmd, NULL};

static const struct cli_program demo_program = {.name = "demo",
                                                .summary = "moves images about",
                                                .version = "demo 1.0\nbuilt for tests",
                                                .commands = demo_commands};
static const struct cli_program demo_fallback = {.name = "demo",
                                                 .summary = "moves images about",
                                                 .version = "demo 1.0\n",
                                                 .commands = demo_commands,
                                                 .fallback = &demo_pull};
static const struct cli_program demo_only = {.name = "demod",
                                             .summary = "serves images",
                                             .version = "demod 1.0\n",
                                             .commands = demo_only_commands};

#endif
