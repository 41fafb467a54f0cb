/* SPDX-License-Identifier: Apache-2.0 */
#include "images/registry_login.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "images/ecr.h"
#include "images/registry_creds.h"

static bool
has_own(bool use_environment)
{
    const char *own = getenv("IMAGEGEN_CREDS");

    return use_environment && own != NULL && own[0] != '\0';
}

static int
from_ecr(const struct ecr_host *host, const char *ca_file, struct http_client *http,
         struct creds *out, struct err *err)
{
    cleanup_secret struct secret password = SECRET_INIT;
    char *pair;

    if (ecr_password(host, ca_file, http, &password, err) < 0)
        return -1;
    pair = mem_printf("AWS:%s", secret_reveal(&password));
    secret_set(&out->pair, pair, strlen(pair));
    mem_wipe(pair, strlen(pair));
    free(pair);
    return 0;
}

int
registry_login_find(const char *authority, bool use_environment, const char *ca_file,
                    struct http_client *http, struct creds *out, struct err *err)
{
    struct err aws = ERR_INIT;
    struct ecr_host host;

    if (has_own(use_environment) || !ecr_parse_host(authority, &host))
        return registry_creds_find(authority, use_environment, out, err);
    if (from_ecr(&host, ca_file, http, out, &aws) == 0)
        return 0;
    if (aws.code != ERR_DENIED) {
        *err = aws;
        return err_wrap(err, "%s", authority);
    }
    if (registry_creds_find(authority, use_environment, out, err) < 0)
        return -1;
    if (secret_is_set(&out->pair))
        return 0;
    *err = aws;
    return err_wrap(err, "%s", authority);
}
