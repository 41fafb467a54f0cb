/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_ACCESS_LOG_H
#define SERVER_ACCESS_LOG_H

/* The access log of one worker: a line for each request, handed to a thread that writes it
 * (log_writer.h).  Lines that nobody takes are dropped, counted and told of. */

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "server/access_format.h"

struct err;
struct loop;
struct stats_slot;

struct access_log;

struct settings_access {
    const char *file;   /* NULL: no access log; "-": standard output */
    const char *format; /* as access_format_new() takes it */
    size_t buffer_bytes;
};

/* In the master: whether the format is right and the file can be written. */
int access_log_check(const struct settings_access *s, struct err *err) NODISCARD;

/* In a worker.  *out is NULL when there shall be none.  slot may be NULL. */
int access_log_open(const struct settings_access *s, struct loop *loop, struct stats_slot *slot,
                    struct access_log **out, struct err *err) NODISCARD;

/* unix_ms of the entry is set here, from the monotonic time at which the request ended. */
void access_log_write(struct access_log *l, struct access_entry *e, int64_t ended_us);

/* As access_format_wanted(). */
const char *access_log_wanted(const struct access_log *l, unsigned i);

/* What follows goes to a file newly opened under the name; the lines before it are written first
 * where the file allows.  On failure the old one stays. */
void access_log_reopen(struct access_log *l);

/* Writes the rest, for at most a second.  NULL is fine. */
void access_log_close(struct access_log *l);

#endif
