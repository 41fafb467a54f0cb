/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_SESSION_H
#define AWS_SESSION_H

/*
 * What all calls of one program run share: profile, region, credentials, retry quota, and how far
 * the service's clock is from ours.
 */

#include <stdbool.h>
#include <stdint.h>

#include "aws/creds.h"
#include "aws/profile.h"
#include "aws/region.h"
#include "aws/retry.h"
#include "base/attr.h"

struct clock;
struct err;
struct http_client;

struct session_opts {
    const char *profile; /* as given on the command line, or NULL */
    const char *region;
    const char *ca_bundle;
    uint32_t timeout_ms; /* of one attempt; 0 = the default of net/http.h */
};

struct session {
    struct profile profile;
    char region[REGION_SIZE];
    struct creds creds; /* use session_creds() */
    bool has_creds;
    struct retry retry;
    int64_t clock_offset; /* seconds to add to the clock */
    const struct clock *clock;
    struct http_client *http; /* borrowed */
    char *ca_file;            /* NULL: the system's */
    uint32_t timeout_ms;
};

/* Reads the shared files and settles region and retries; credentials are looked for when they are
 * needed first.  http is borrowed and must outlive the session.  On failure the session is empty.
 */
int session_init(struct session *s, const struct session_opts *opts, struct http_client *http,
                 struct err *err) NODISCARD;
void session_done(struct session *s);
#define cleanup_session __attribute__((cleanup(session_done)))

/* The credentials; borrowed until the next call. */
int session_creds(struct session *s, const struct creds **out, struct err *err) NODISCARD;

/* The time by which requests are dated. */
int64_t session_now(const struct session *s);

#endif
