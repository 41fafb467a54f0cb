/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_OPTIONS_PROCESS_H
#define SERVER_OPTIONS_PROCESS_H

/*
 * The options about the process itself: --env, --chdir, --umask, --name, --user, --group,
 * --no-sandbox.
 */

#include "base/attr.h"

struct err;
struct options;
struct settings;

/* --env: as if the variables had been there from the start (options is a struct options). */
int options_process_variables(const void *options, struct err *err) NODISCARD;

/* --chdir and --umask, before any file is opened. */
int options_process_enter(const struct options *o, struct err *err) NODISCARD;

/* The settings of the others. */
int options_process_settings(const struct options *o, struct settings *s,
                             struct err *err) NODISCARD;

#endif
