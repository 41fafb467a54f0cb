/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_REGISTRY_LOGIN_H
#define IMAGES_REGISTRY_LOGIN_H

/* Where credentials for a registry come from: for Amazon ECR from AWS itself, else from
 * images/registry_creds.h. */

#include <stdbool.h>

#include "base/attr.h"

struct creds;
struct err;
struct http_client;

/* IMAGEGEN_CREDS first.  At a host of ECR then a fresh password by the AWS credentials, which no
 * stale one of a config.json is preferred to; without AWS credentials, or when they are refused,
 * what Docker keeps.  When that has nothing either, the error is AWS's. ca_file as in net/http.h.
 */
int registry_login_find(const char *authority, bool use_environment, const char *ca_file,
                        struct http_client *http, struct creds *out, struct err *err) NODISCARD;

#endif
