/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_LOG_FILE_H
#define SERVER_LOG_FILE_H

/* Where logs go: a file that is appended to, a named pipe, or standard output for "-". */

#include "base/attr.h"

struct err;
struct user;

/* Returns a descriptor of its own.  A named pipe that nobody reads is an error. */
int log_file_open(const char *path, struct err *err) NODISCARD;

/* Makes it standard error, where messages go; "-" and NULL leave that as it is. */
int log_file_errors(const char *path, struct err *err) NODISCARD;

/* For a superuser: makes the file, and gives it to the user that the workers become, if any.
 * "-" and NULL are fine. */
int log_file_own(const char *path, const struct user *user, struct err *err) NODISCARD;

#endif
