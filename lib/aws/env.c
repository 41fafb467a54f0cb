/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/env.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/str.h"

const char *
env_get(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && *value != '\0' ? value : NULL;
}

int
env_get_bool(const char *name, bool otherwise, bool *out, struct err *err)
{
    const char *value = env_get(name);

    if (value == NULL)
        *out = otherwise;
    else if (str_eq_nocase(str_from(value), "true"))
        *out = true;
    else if (str_eq_nocase(str_from(value), "false"))
        *out = false;
    else
        return err_set(err, ERR_INVALID, "%s is '%.40s': want true or false", name, value);
    return 0;
}
