/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_ENDPOINT_H
#define AWS_ENDPOINT_H

/*
 * Where a service of AWS is reached: an endpoint that the user configured, else the host name that
 * partition and region give.  Configured ones, the first that is there:
 *
 *     --endpoint-url, AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL,
 *     endpoint_url below <service> in the profile's [services] section, endpoint_url of the profile
 *
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS leaves all but the first out.  A configured endpoint next to
 * FIPS or dual stack is an error, as these two choose host names.  Plain http is refused except to
 * this machine: it would show session tokens and definitions to everybody on the way.
 */

#include "base/attr.h"
#include "net/url.h"

struct err;
struct profile;

/* A service as endpoints and signatures name it. */
struct endpoint_service {
    const char *id;           /* "ecs": the key in a [services] section */
    const char *variable;     /* "AWS_ENDPOINT_URL_ECS" */
    const char *signing_name; /* "ecs" */
    const char *host;         /* first label of the host: "ecs" */
    const char *fips_host;    /* "ecs-fips" */
};

extern const struct endpoint_service endpoint_ecs;
extern const struct endpoint_service endpoint_ecr; /* its API; images go through other hosts */

struct endpoint {
    char *url; /* without a slash at the end */
    struct url parts;
    char *host_header; /* with the port where it is not the scheme's own */
    char *path;        /* of a request to the service's root: "/", or "/prefix/" */
    const char *from;  /* for people: "--endpoint-url", "region", ... */
};

void endpoint_done(struct endpoint *e);
#define cleanup_endpoint __attribute__((cleanup(endpoint_done)))

/* given is the command line's URL, or NULL. */
int endpoint_choose(const struct endpoint_service *service, const char *given, const char *region,
                    const struct profile *profile, struct endpoint *out, struct err *err) NODISCARD;

#endif
