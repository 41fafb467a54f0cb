/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/creds.h"

#include <stddef.h>

#include "aws/env.h"
#include "aws/profile.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

static enum creds_result
load(const struct creds_context *context, struct creds *out, struct buf *note, struct err *err)
{
    const char *key_id = env_get("AWS_ACCESS_KEY_ID");
    const char *secret_key = env_get("AWS_SECRET_ACCESS_KEY");
    const char *token = env_get("AWS_SESSION_TOKEN");

    if (context->profile->explicit) {
        buf_append_str(note, "not asked, since --profile was given");
        return CREDS_NONE;
    }
    if (key_id == NULL) {
        buf_appendf(note, "AWS_ACCESS_KEY_ID is not set%s",
                    secret_key != NULL ? ", though AWS_SECRET_ACCESS_KEY is" : "");
        return CREDS_NONE;
    }
    if (secret_key == NULL) {
        err_set(err, ERR_DENIED,
                "credentials: AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
        return CREDS_FAILED;
    }
    if (token == NULL)
        token = env_get("AWS_SECURITY_TOKEN"); /* its name before 2014 */
    if (creds_set(out, key_id, secret_key, token, "the environment", err) < 0)
        return CREDS_FAILED;
    out->source = mem_strdup("the environment");
    return CREDS_FOUND;
}

const struct creds_source creds_env = {.name = "environment", .load = load};
