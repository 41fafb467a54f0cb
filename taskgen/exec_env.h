/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TASKGEN_EXEC_ENV_H
#define TASKGEN_EXEC_ENV_H

/*
 * The variables by which runtimes are told how many workers and threads to use.  One that is set to
 * anything but "" is the user's, and stays as it is unless forced: "" is what is left where a
 * compose file passes on a variable that nobody set.
 *
 * Not among them, on purpose: BERTH_CPUS, which would hide from berthd where the number comes from;
 * UV_THREADPOOL_SIZE, whose threads wait for files and names and not for a CPU; JAVA_TOOL_OPTIONS,
 * which makes every JVM print a line.
 */

#include <stdbool.h>

#include "base/attr.h"

struct buf;
struct err;

/* Sets them in this process and appends ": NAME=VALUE NAME=VALUE" of those that it set. */
int exec_env_set(unsigned workers, unsigned threads, bool force, struct buf *told,
                 struct err *err) NODISCARD;

#endif
