/* SPDX-License-Identifier: Apache-2.0 */
#include "taskgen/exec_env.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"

static const struct {
    const char *name;
    bool is_workers; /* else threads */
} variables[] = {
    {"WEB_CONCURRENCY", true},         {"GOMAXPROCS", false},      {"PYTHON_CPU_COUNT", false},
    {"DOTNET_PROCESSOR_COUNT", false}, {"OMP_NUM_THREADS", false}, {"RAYON_NUM_THREADS", false},
    {"TOKIO_WORKER_THREADS", false},
};

int
exec_env_set(unsigned workers, unsigned threads, bool force, struct buf *told, struct err *err)
{
    const char *separator = ": ";

    for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
        const char *name = variables[i].name;
        const char *old = getenv(name);
        char value[16];

        if (old != NULL && old[0] != '\0' && !force)
            continue;
        snprintf(value, sizeof(value), "%u", variables[i].is_workers ? workers : threads);
        /* An environment may hold a name twice, and some shells and libraries take the last one:
         * setenv() changes the first alone, unsetenv() removes them all. */
        if (unsetenv(name) < 0 || setenv(name, value, 1) < 0)
            return err_sys(err, "set %s", name);
        buf_appendf(told, "%s%s=%s", separator, name, value);
        separator = " ";
    }
    return 0;
}
