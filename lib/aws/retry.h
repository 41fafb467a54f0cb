/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_RETRY_H
#define AWS_RETRY_H

/*
 * The "standard" retry mode of the AWS tools: three attempts, a delay drawn from [0, 2^i) seconds
 * and at most 20, and a quota that keeps a client from hammering a service that is down: every
 * retry takes from it, success gives back.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct err;
struct profile;

enum retry_kind {
    RETRY_NEVER,
    RETRY_TRANSIENT, /* the connection or the service broke */
    RETRY_TIMEOUT,   /* no answer in time; costs the quota more */
    RETRY_THROTTLED
};

struct retry {
    unsigned max_attempts;
    unsigned quota; /* left */
    unsigned taken; /* of the quota by the last retry of the call that is under way */
    uint32_t max_delay_ms;
    /* Both can be put in place by tests. */
    double (*random)(void *ctx); /* in [0, 1) */
    void (*sleep_ms)(void *ctx, uint32_t ms);
    void *ctx;
};

/* The defaults, with AWS_MAX_ATTEMPTS or the profile's max_attempts. */
int retry_init(struct retry *r, const struct profile *profile, struct err *err) NODISCARD;

/* Which kind a service's answer is, by status and error code ("" for none). */
enum retry_kind retry_classify(long status, const char *code);

/* True when attempt number `attempt` (1 = the first) may be followed by another one: takes from the
 * quota and sleeps. */
bool retry_wait(struct retry *r, unsigned attempt, enum retry_kind kind);

/* After an answer that is no failure. */
void retry_succeeded(struct retry *r);

#endif
