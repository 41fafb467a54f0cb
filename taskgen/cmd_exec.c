/* SPDX-License-Identifier: Apache-2.0 */
#include "taskgen/cmds.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/log.h"
#include "taskgen/exec_env.h"
#include "taskgen/workers.h"

/* As shells and env(1) end. */
enum { STATUS_CANNOT_RUN = 126, STATUS_NOT_FOUND = 127 };

struct exec_opts {
    struct workers_opts workers;
    bool force;
    bool verbose;
};

static const struct cli_opt opts[] = {
    WORKERS_OPTIONS_POLICY(struct exec_opts, workers),
    WORKERS_OPTIONS_CPUS(struct exec_opts, workers),
    {.name = "force",
     .type = CLI_FLAG,
     .offset = offsetof(struct exec_opts, force),
     .help = "Replace variables that are set already."},
    {.name = "verbose",
     .letter = 'v',
     .type = CLI_FLAG,
     .offset = offsetof(struct exec_opts, verbose),
     .help = "Say in one line on standard error what was set, and why."},
    {.name = NULL},
};

static const struct exec_opts defaults = {.workers = {.policy = WORKERS_DEFAULT_POLICY}};

static int
run(const void *data, int n_operands UNUSED, char **operands, struct err *err)
{
    const struct exec_opts *o = data;
    cleanup_buf struct buf told = BUF_INIT(4096);
    int why;

    {
        cleanup_workers struct workers w = {.count = 0};

        if (workers_find(&o->workers, &w, err) < 0)
            return -1;
        workers_describe(&w, &told);
        if (exec_env_set(w.count, workers_threads(&w), o->force, &told, err) < 0)
            return -1;
    }
    if (o->verbose)
        log_info("%s", buf_cstr(&told));
    execvp(operands[0], operands);
    why = errno;
    log_error("exec '%s': %s", operands[0], strerror(why));
    return why == ENOENT || why == ENOTDIR ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN;
}

const struct cli_cmd cmd_exec = {
    .name = "exec",
    .summary = "run a command with the workers and threads that fit",
    .operands = "COMMAND [ARGUMENT...]",
    .min_operands = 1,
    .max_operands = 4096,
    .stop_at_operand = true,
    .opts = opts,
    .opts_size = sizeof(struct exec_opts),
    .defaults = &defaults,
    .details =
        "Becomes COMMAND, with the same process id, after setting what runtimes read instead of "
        "looking at the limit themselves: WEB_CONCURRENCY to the workers (gunicorn, puma, uvicorn, "
        "berthd), and to the CPUs, rounded up, GOMAXPROCS (Go), PYTHON_CPU_COUNT (Python 3.13), "
        "DOTNET_PROCESSOR_COUNT (.NET), OMP_NUM_THREADS (OpenMP, OpenBLAS), RAYON_NUM_THREADS and "
        "TOKIO_WORKER_THREADS (Rust). A variable that has a value already is left alone.",
    .run = run,
};
