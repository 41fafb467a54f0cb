/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/retry.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "aws/env.h"
#include "aws/profile.h"
#include "base/err.h"
#include "base/log.h"
#include "base/num.h"

enum {
    QUOTA_FULL = 500,
    QUOTA_COST = 5,
    QUOTA_COST_TIMEOUT = 10,
    ATTEMPTS_USUAL = 3,
    ATTEMPTS_MAX = 100,
    DELAY_MAX_MS = 20 * 1000
};

static double
random_system(void *ctx)
{
    uint32_t bits = 0;

    (void)ctx;
    /* Without random bytes the delay is merely not spread. */
    if (getrandom(&bits, sizeof(bits), GRND_NONBLOCK) != (ssize_t)sizeof(bits))
        bits = UINT32_MAX / 2;
    return bits / 4294967296.0;
}

static void
sleep_system(void *ctx, uint32_t ms)
{
    struct timespec left = {ms / 1000, (long)(ms % 1000) * 1000000};

    (void)ctx;
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
}

static int
parse_attempts(struct str text, const char *from, unsigned *out, struct err *err)
{
    uint64_t n;

    if (!num_parse_u64(text, ATTEMPTS_MAX, &n) || n == 0)
        return err_set(err, ERR_INVALID, "%s is '%.*s': want a number from 1 to %d", from,
                       text.n < 20 ? (int)text.n : 20, text.p, ATTEMPTS_MAX);
    *out = (unsigned)n;
    return 0;
}

int
retry_init(struct retry *r, const struct profile *profile, struct err *err)
{
    const char *variable = env_get("AWS_MAX_ATTEMPTS");
    struct str configured = profile_get(profile, "max_attempts");
    unsigned attempts = ATTEMPTS_USUAL;

    if (variable != NULL) {
        if (parse_attempts(str_from(variable), "AWS_MAX_ATTEMPTS", &attempts, err) < 0)
            return -1;
    } else if (configured.p != NULL &&
               parse_attempts(configured, "max_attempts of the profile", &attempts, err) < 0) {
        return -1;
    }
    *r = (struct retry){
        .max_attempts = attempts,
        .quota = QUOTA_FULL,
        .max_delay_ms = DELAY_MAX_MS,
        .random = random_system,
        .sleep_ms = sleep_system,
    };
    return 0;
}

static bool
is_one_of(const char *code, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(code, list[i]) == 0)
            return true;
    }
    return false;
}

enum retry_kind
retry_classify(long status, const char *code)
{
    static const char *const throttled[] = {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    };
    static const char *const transient[] = {"RequestTimeout", "RequestTimeoutException"};

    if (is_one_of(code, throttled, ARRAY_LEN(throttled)) || status == 429)
        return RETRY_THROTTLED;
    if (is_one_of(code, transient, ARRAY_LEN(transient)))
        return RETRY_TRANSIENT;
    if (status == 500 || status == 502 || status == 503 || status == 504)
        return RETRY_TRANSIENT;
    return RETRY_NEVER;
}

static uint32_t
delay_ms(const struct retry *r, unsigned attempt)
{
    double ceiling = r->max_delay_ms;

    /* Beyond 2^5 seconds the ceiling holds anyway. */
    if (attempt < 6 && (1000u << (attempt - 1)) < ceiling)
        ceiling = 1000u << (attempt - 1);
    return (uint32_t)(r->random(r->ctx) * ceiling);
}

bool
retry_wait(struct retry *r, unsigned attempt, enum retry_kind kind)
{
    unsigned cost = kind == RETRY_TIMEOUT ? QUOTA_COST_TIMEOUT : QUOTA_COST;
    uint32_t delay;

    if (kind == RETRY_NEVER || attempt >= r->max_attempts)
        return false;
    if (r->quota < cost) {
        log_debug("retry: the quota of retries is used up");
        return false;
    }
    r->quota -= cost;
    r->taken = cost;
    delay = delay_ms(r, attempt);
    log_debug("retry: attempt %u of %u follows in %u ms", attempt + 1, r->max_attempts,
              (unsigned)delay);
    r->sleep_ms(r->ctx, delay);
    return true;
}

void
retry_succeeded(struct retry *r)
{
    unsigned back = r->taken > 0 ? r->taken : 1;

    r->quota = r->quota + back > QUOTA_FULL ? QUOTA_FULL : r->quota + back;
    r->taken = 0;
}
