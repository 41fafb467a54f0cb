/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_ECR_H
#define IMAGES_ECR_H

/*
 * Passwords of Amazon ECR, straight from GetAuthorizationToken with the credentials of lib/aws: no
 * helper program, and no token in a config.json that ran out twelve hours ago.
 */

#include <stdbool.h>

#include "aws/region.h"
#include "base/attr.h"

struct err;
struct http_client;
struct secret;

struct ecr_host {
    char region[REGION_SIZE];
};

/* ACCOUNT.dkr.ecr.REGION.amazonaws.com, with "-fips" behind ecr, or of another partition.  False
 * for any other host. */
bool ecr_parse_host(const char *host, struct ecr_host *out);

/* The password of the user "AWS" at any registry of the region that the caller's account may use,
 * good for twelve hours.  ca_file as in net/http.h.  ERR_DENIED when there are no credentials or
 * the service refuses them. */
int ecr_password(const struct ecr_host *host, const char *ca_file, struct http_client *http,
                 struct secret *out, struct err *err) NODISCARD;

#endif
