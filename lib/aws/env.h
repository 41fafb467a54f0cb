/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_ENV_H
#define AWS_ENV_H

/* The environment as the AWS tools read it: an empty variable counts as not set. */

#include <stdbool.h>

#include "base/attr.h"

struct err;

/* The value, or NULL.  Borrowed from the environment. */
const char *env_get(const char *name);

/* "true" or "false" in any case, otherwise when not set; ERR_INVALID names the variable. */
int env_get_bool(const char *name, bool otherwise, bool *out, struct err *err) NODISCARD;

#endif
