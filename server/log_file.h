/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_LOG_FILE_H
#define SERVER_LOG_FILE_H

/* Where logs go: a file that is appended to, a named pipe, or standard output for "-". */

#include "base/attr.h"

struct err;

/* Returns a descriptor of its own.  A named pipe that nobody reads is an error. */
int log_file_open(const char *path, struct err *err) NODISCARD;

/* Makes it standard error, where messages go; "-" and NULL leave that as it is. */
int log_file_errors(const char *path, struct err *err) NODISCARD;

#endif
