/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

/*
 * What a program tells its operator: one line a message on standard error, as text or, for log
 * collectors such as CloudWatch, as one JSON object.  Control characters are escaped, so that text
 * from a user or a peer cannot forge a line.  errno survives every call.  Library code returns
 * errors instead and may only log_debug().  Secrets never come here (base/secret.h).
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* program is put before text lines ("taskgen: ...") and borrowed for the program's life. */
void log_init(const char *program, enum log_level level, bool json);

/* "error", "warn" (or "warning", "critical"), "info", "debug"; false for anything else. */
bool log_level_parse(const char *name, enum log_level *out);
enum log_level log_level_get(void);

void log_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_info(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_debug(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* One line of a level, for callers that choose it at run time. */
void log_at(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
