/* SPDX-License-Identifier: Apache-2.0 */
#include "taskgen/cmds.h"

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/fs.h"
#include "taskgen/workers.h"
#include "json/json.h"

enum { OUTPUT_MAX = 1024 * 1024 };

struct workers_cmd_opts {
    struct workers_opts workers;
    bool explain;
    const char *format;
};

static const struct cli_opt opts[] = {
    WORKERS_OPTIONS_POLICY(struct workers_cmd_opts, workers),
    WORKERS_OPTIONS_CPUS(struct workers_cmd_opts, workers),
    {.name = "explain",
     .type = CLI_FLAG,
     .offset = offsetof(struct workers_cmd_opts, explain),
     .help = "Show every place that was looked at, and what was read there."},
    {.name = "format",
     .type = CLI_CHOICE,
     .offset = offsetof(struct workers_cmd_opts, format),
     .arg = "text|json|env",
     .help = "The number alone, a JSON object, or a line for a shell to read."},
    {.name = NULL},
};

static const struct workers_cmd_opts defaults = {.workers = {.policy = WORKERS_DEFAULT_POLICY},
                                                 .format = "text"};

static void
append_json(const struct workers *w, bool explain, struct buf *out)
{
    cleanup_json struct json_t *doc = json_new_object();
    cleanup_json struct json_t *limits = cpu_explain_json(&w->limits);
    struct json_cur root = json_root(limits);
    struct json_cur value;
    void *iter = NULL;
    char policy[48];

    policy_format(&w->policy, policy);
    json_put_int(doc, "workers", w->count);
    json_put_str(doc, "policy", policy);
    json_put_bool(doc, "capped_by_memory", w->capped);
    while (json_next(&root, &iter, &value)) {
        if (explain || strcmp(value.key, "ladder") != 0)
            json_put(doc, value.key, json_clone(value.v));
    }
    json_write(doc, JSON_PRETTY, out);
}

/* The ladder with a prefix on every line, which is a shell's comment or nothing. */
static void
append_ladder(const struct workers *w, const char *prefix, struct buf *out)
{
    cleanup_buf struct buf ladder = BUF_INIT(OUTPUT_MAX);
    struct str rest;

    cpu_explain(&w->limits, &ladder);
    rest = str_trim(buf_view(&ladder));
    while (rest.p != NULL) {
        struct str line = str_cut(&rest, '\n');

        buf_appendf(out, "%s" STR_FMT "\n", prefix, STR_ARG(line));
    }
    buf_append_str(out, prefix);
    workers_describe(w, out);
    buf_append_char(out, '\n');
}

static int
run(const void *data, int n_operands UNUSED, char **operands UNUSED, struct err *err)
{
    const struct workers_cmd_opts *o = data;
    cleanup_workers struct workers w = {.count = 0};
    cleanup_buf struct buf out = BUF_INIT(OUTPUT_MAX);

    if (workers_find(&o->workers, &w, err) < 0)
        return -1;
    if (strcmp(o->format, "json") == 0) {
        append_json(&w, o->explain, &out);
    } else if (strcmp(o->format, "env") == 0) {
        if (o->explain)
            append_ladder(&w, "# ", &out);
        buf_appendf(&out, "WEB_CONCURRENCY=%u\n", w.count);
    } else if (o->explain) {
        append_ladder(&w, "", &out);
    } else {
        buf_appendf(&out, "%u\n", w.count);
    }
    if (buf_finish(&out, err) < 0)
        return -1;
    return fs_write("-", out.p, out.n, 0, err);
}

const struct cli_cmd cmd_workers = {
    .name = "workers",
    .summary = "say how many workers fit the CPU of this machine, container or task",
    .operands = "",
    .opts = opts,
    .opts_size = sizeof(struct workers_cmd_opts),
    .defaults = &defaults,
    .details = "Looked at, the lowest wins: the ECS task's metadata or what render stamped, the "
               "quota of this cgroup and those above it, the CPUs. BERTH_CPUS or --cpus settle it. "
               "Shares and weights are no limit and never count.",
    .run = run,
};
