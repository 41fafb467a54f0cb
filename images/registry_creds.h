/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_REGISTRY_CREDS_H
#define IMAGES_REGISTRY_CREDS_H

/*
 * Who we are to a registry: IMAGEGEN_CREDS=USER:PASSWORD, or what `docker login` and its credential
 * helpers keep ($DOCKER_CONFIG/config.json, else ~/.docker/config.json).
 */

#include <stdbool.h>

#include "base/attr.h"
#include "base/secret.h"
#include "base/str.h"

struct err;
struct json_t;

enum { CREDS_PAIR_MAX = 8 * 1024, CREDS_CONFIG_MAX = 1024 * 1024, CREDS_HELPER_SECONDS = 60 };

struct creds {
    struct secret pair; /* "user:password"; not set: none */
};

void registry_creds_done(struct creds *c);
#define CREDS_INIT  \
    {               \
        SECRET_INIT \
    }
#define cleanup_creds __attribute__((cleanup(registry_creds_done)))

/* authority is HOST[:PORT] as in image names; "docker.io" for Docker's.  None found is no error. */
int registry_creds_find(const char *authority, bool use_environment, struct creds *out,
                        struct err *err) NODISCARD;

/* From a parsed config.json.  helper gets the name of the credential helper to ask instead, or
 * NULL; it is borrowed from the document.  No error and no text ever repeats what is secret. */
int creds_from_config(const struct json_t *config, const char *authority, struct creds *out,
                      const char **helper, struct err *err) NODISCARD;

/* docker-credential-NAME get (github.com/docker/docker-credential-helpers), without a shell; NAME
 * is letters, digits, '_' and '-'. */
int creds_from_helper(const char *name, const char *authority, struct creds *out,
                      struct err *err) NODISCARD;

#endif
