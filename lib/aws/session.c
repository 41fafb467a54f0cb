/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/session.h"

#include <stdlib.h>

#include "aws/env.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

/* As the AWS CLI: the command line, AWS_CA_BUNDLE, the profile's ca_bundle. */
static char *
choose_ca_file(const char *given, const struct profile *profile)
{
    struct str configured = profile_get(profile, "ca_bundle");

    if (given == NULL)
        given = env_get("AWS_CA_BUNDLE");
    if (given != NULL)
        return mem_strdup(given);
    return configured.p != NULL ? mem_strndup(configured.p, configured.n) : NULL;
}

int
session_init(struct session *s, const struct session_opts *opts, struct http_client *http,
             struct err *err)
{
    *s = (struct session){
        .profile = PROFILE_INIT,
        .creds = CREDS_INIT,
        .clock = clock_system(),
        .http = http,
        .timeout_ms = opts->timeout_ms,
    };
    if (profile_load(&s->profile, opts->profile, err) < 0 ||
        region_choose(opts->region, &s->profile, s->region, err) < 0 ||
        retry_init(&s->retry, &s->profile, err) < 0) {
        session_done(s);
        return -1;
    }
    s->ca_file = choose_ca_file(opts->ca_bundle, &s->profile);
    log_debug("profile '%s', region %s", s->profile.name, s->region);
    return 0;
}

void
session_done(struct session *s)
{
    profile_done(&s->profile);
    creds_done(&s->creds);
    free(s->ca_file);
    *s = (struct session){.profile = PROFILE_INIT, .creds = CREDS_INIT};
}

int
session_creds(struct session *s, const struct creds **out, struct err *err)
{
    const struct creds_context context = {.profile = &s->profile, .http = s->http};

    if (!s->has_creds) {
        struct creds found = CREDS_INIT;

        if (creds_find(&context, &found, err) < 0) {
            creds_done(&found);
            return -1;
        }
        s->creds = found;
        s->has_creds = true;
    }
    *out = &s->creds;
    return 0;
}

int64_t
session_now(const struct session *s)
{
    return clock_unix(s->clock) + s->clock_offset;
}
