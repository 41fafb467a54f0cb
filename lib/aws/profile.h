/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_PROFILE_H
#define AWS_PROFILE_H

/*
 * The shared files: ~/.aws/config (AWS_CONFIG_FILE) and ~/.aws/credentials
 * (AWS_SHARED_CREDENTIALS_FILE), and the one profile of them that is in use.  A file that is not
 * there is as good as an empty one.
 */

#include <stdbool.h>

#include "aws/ini.h"
#include "base/attr.h"
#include "base/str.h"

struct err;

struct profile {
    char *name;
    bool explicit;         /* named on the command line: the environment's keys do not count then */
    const char *chosen_by; /* "--profile", "AWS_PROFILE", ... or NULL for the default one */
    char *config_path, *credentials_path; /* NULL when HOME is not set */
    struct ini config, credentials;
    const struct ini_section *in_config, *in_credentials; /* NULL where the profile is not */
};

#define PROFILE_INIT                                                  \
    {                                                                 \
        NULL, false, NULL, NULL, NULL, INI_INIT, INI_INIT, NULL, NULL \
    }

void profile_done(struct profile *p);
#define cleanup_profile __attribute__((cleanup(profile_done)))

/* Reads both files and chooses: name, AWS_PROFILE, AWS_DEFAULT_PROFILE, "default".  A profile that
 * was named and is in neither file is ERR_NOT_FOUND. */
int profile_load(struct profile *p, const char *name, struct err *err) NODISCARD;

/* A setting of the profile, the credentials file first; p is NULL when absent or empty. */
struct str profile_get(const struct profile *p, const char *key);

/* A setting below another one ("ecs" -> "endpoint_url") in a section of the config file of that
 * kind, such as the [services x] that the profile names. */
struct str profile_get_nested(const struct profile *p, const char *kind, struct str section,
                              const char *parent, const char *key);

/* "true" or "false" in any case; ERR_INVALID names profile and key. */
int profile_get_bool(const struct profile *p, const char *key, bool otherwise, bool *out,
                     struct err *err) NODISCARD;

#endif
