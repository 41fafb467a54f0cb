/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/creds.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"

/* Of one key or token.  Session tokens of AWS have about a thousand characters and no promised
 * length. */
enum { TEXT_MAX = 16 * 1024, NOTE_MAX = 900 };

/* The order of the AWS CLI. */
static const struct creds_source *const sources[] = {&creds_env, &creds_shared};

void
creds_done(struct creds *c)
{
    secret_done(&c->key_id);
    secret_done(&c->secret_key);
    secret_done(&c->token);
    free(c->source);
    *c = (struct creds)CREDS_INIT;
}

bool
creds_is_clean(const char *text, size_t n)
{
    if (n == 0 || n > TEXT_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    }
    return true;
}

static int
set_one(struct secret *out, const char *text, const char *which, const char *what, struct err *err)
{
    size_t n = strlen(text);

    if (!creds_is_clean(text, n))
        return err_set(err, ERR_INVALID,
                       "credentials: the %s of %s holds a blank, a line break or another character "
                       "that none has, or is longer than %d; copy it again",
                       which, what, TEXT_MAX);
    secret_set(out, text, n);
    return 0;
}

int
creds_set(struct creds *out, const char *key_id, const char *secret_key, const char *token,
          const char *what, struct err *err)
{
    if (set_one(&out->key_id, key_id, "access key id", what, err) < 0 ||
        set_one(&out->secret_key, secret_key, "secret access key", what, err) < 0)
        return -1;
    return token != NULL ? set_one(&out->token, token, "session token", what, err) : 0;
}

int
creds_find(const struct creds_context *context, struct creds *out, struct err *err)
{
    cleanup_buf struct buf notes = BUF_INIT(NOTE_MAX);

    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (i > 0)
            buf_append_str(&notes, "; ");
        buf_appendf(&notes, "%s: ", sources[i]->name);
        switch (sources[i]->load(context, out, &notes, err)) {
        case CREDS_FOUND:
            log_debug("credentials: from %s", out->source);
            return 0;
        case CREDS_FAILED:
            return -1;
        case CREDS_NONE:
            break;
        }
    }
    return err_set(err, ERR_DENIED, "no AWS credentials: %s", buf_cstr(&notes));
}
