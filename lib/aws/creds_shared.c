/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/creds.h"

#include <stdlib.h>

#include "aws/env.h"
#include "aws/ini.h"
#include "aws/profile.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

/* Keys of a profile that name a source which is not offered here.  The AWS CLI asks the first group
 * before the credentials file and the second one between the two files; going past them would use
 * other credentials than it does. */
static const struct other {
    const char *key, *what;
    bool after_credentials_file;
} others[] = {
    {"role_arn", "an assumed role", false},
    {"web_identity_token_file", "a web identity", false},
    {"sso_session", "single sign-on", false},
    {"sso_start_url", "single sign-on", false},
    {"login_session", "a login session", true},
    {"credential_process", "a program", true},
};

static int
refuse_others(const struct profile *profile, bool after_credentials_file, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (others[i].after_credentials_file != after_credentials_file ||
            profile_get(profile, others[i].key).p == NULL)
            continue;
        return err_set(err, ERR_UNSUPPORTED,
                       "credentials: profile '%s' takes them from %s (%s), which is not supported; "
                       "`aws configure export-credentials --profile %s --format env` prints them "
                       "for the environment",
                       profile->name, others[i].what, others[i].key, profile->name);
    }
    return 0;
}

static char *
value_of(const struct ini_section *section, const char *key)
{
    const struct ini_key *found = ini_key(section, "", key);

    return found != NULL && found->value.n > 0 ? mem_strndup(found->value.p, found->value.n) : NULL;
}

static void
wipe_free(char **text)
{
    if (*text != NULL)
        mem_wipe(*text, strlen(*text));
    free(*text);
}

#define cleanup_wipe __attribute__((cleanup(wipe_free)))

/* Key and secret come from one file: a pair mixed from two would belong to nobody. */
static enum creds_result
load_file(const char *path, const struct ini_section *section, const char *name, struct creds *out,
          struct err *err)
{
    cleanup_wipe char *key_id = value_of(section, "aws_access_key_id");
    cleanup_wipe char *secret_key = value_of(section, "aws_secret_access_key");
    cleanup_wipe char *token = value_of(section, "aws_session_token");
    cleanup_free char *what = mem_printf("profile '%s' in '%s'", name, path);

    if (key_id == NULL)
        return CREDS_NONE;
    if (secret_key == NULL) {
        err_set(err, ERR_DENIED, "credentials: %s:%u: profile '%s' has no aws_secret_access_key",
                path, section->line, name);
        return CREDS_FAILED;
    }
    if (token == NULL)
        token = value_of(section, "aws_security_token"); /* its name before 2014 */
    if (creds_set(out, key_id, secret_key, token, what, err) < 0)
        return CREDS_FAILED;
    out->source = steal_ptr(&what);
    return CREDS_FOUND;
}

static void
explain(const struct profile *p, struct buf *note)
{
    if (p->config_path == NULL || p->credentials_path == NULL)
        buf_append_str(note, "HOME is not set");
    else if (p->in_credentials == NULL && p->in_config == NULL)
        buf_appendf(note, "no profile '%.100s' in '%s' or '%s'", p->name, p->credentials_path,
                    p->config_path);
    else
        buf_appendf(note, "profile '%.100s' has no aws_access_key_id in '%s' or '%s'", p->name,
                    p->credentials_path, p->config_path);
}

static enum creds_result
load(const struct creds_context *context, struct creds *out, struct buf *note, struct err *err)
{
    const struct profile *p = context->profile;
    enum creds_result result = CREDS_NONE;

    if (!p->explicit && env_get("AWS_WEB_IDENTITY_TOKEN_FILE") != NULL) {
        err_set(err, ERR_UNSUPPORTED,
                "credentials: AWS_WEB_IDENTITY_TOKEN_FILE is set, and a web identity is not "
                "supported");
        return CREDS_FAILED;
    }
    if (refuse_others(p, false, err) < 0)
        return CREDS_FAILED;
    if (p->in_credentials != NULL)
        result = load_file(p->credentials_path, p->in_credentials, p->name, out, err);
    if (result == CREDS_NONE && refuse_others(p, true, err) < 0)
        return CREDS_FAILED;
    if (result == CREDS_NONE && p->in_config != NULL)
        result = load_file(p->config_path, p->in_config, p->name, out, err);
    if (result == CREDS_NONE)
        explain(p, note);
    return result;
}

const struct creds_source creds_shared = {.name = "shared files", .load = load};
