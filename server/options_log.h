/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_OPTIONS_LOG_H
#define SERVER_OPTIONS_LOG_H

/* The options about logs and metrics. */

#include "base/attr.h"

struct err;
struct options;
struct settings;

/* --error-logfile: from here on messages go there, in all processes that follow. */
int options_log_enter(const struct options *o, struct err *err) NODISCARD;

/* After those of the process: the workers' user comes to own the files, so that it can open them
 * anew. */
int options_log_settings(const struct options *o, struct settings *s, struct err *err) NODISCARD;

#endif
