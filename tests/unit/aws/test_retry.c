/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/profile.h"
#include "base/err.h"
#include "unit/aws/aws_env.h"
#include "unit/aws/fake_http.h"

static int
init(struct retry *r, struct fake_sleeps *sleeps, struct err *err)
{
    cleanup_profile struct profile p = PROFILE_INIT;

    *err = (struct err)ERR_INIT;
    if (profile_load(&p, NULL, err) < 0 || retry_init(r, &p, err) < 0)
        return -1;
    r->random = fake_random;
    r->sleep_ms = fake_sleep_ms;
    r->ctx = sleeps;
    return 0;
}

static void
answers_are_classified_as_in_standard_mode(void **state)
{
    static const struct {
        long status;
        const char *code;
        enum retry_kind kind;
    } answers[] = {
        {400, "ThrottlingException", RETRY_THROTTLED},
        {400, "LimitExceededException", RETRY_THROTTLED},
        {400, "SlowDown", RETRY_THROTTLED},
        {503, "SlowDown", RETRY_THROTTLED},
        {429, "", RETRY_THROTTLED},
        {400, "RequestTimeout", RETRY_TRANSIENT},
        {500, "ServerException", RETRY_TRANSIENT},
        {502, "", RETRY_TRANSIENT},
        {503, "", RETRY_TRANSIENT},
        {504, "", RETRY_TRANSIENT},
        {501, "", RETRY_NEVER},
        {400, "ClientException", RETRY_NEVER},
        {400, "throttlingexception", RETRY_NEVER},
        {403, "", RETRY_NEVER},
        {400, "", RETRY_NEVER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (retry_classify(answers[i].status, answers[i].code) != answers[i].kind)
            fail_msg("%ld %s", answers[i].status, answers[i].code);
    }
}

static void
three_attempts_with_growing_delays(void **state)
{
    struct fake_sleeps sleeps = {.n = 0};
    struct retry r;
    struct err err;

    (void)state;
    assert_int_equal(init(&r, &sleeps, &err), 0);
    assert_false(retry_wait(&r, 1, RETRY_NEVER));
    assert_true(retry_wait(&r, 1, RETRY_TRANSIENT));
    assert_true(retry_wait(&r, 2, RETRY_THROTTLED));
    assert_false(retry_wait(&r, 3, RETRY_TRANSIENT));
    assert_int_equal(sleeps.n, 2);
    assert_int_equal(sleeps.ms[0], 500);
    assert_int_equal(sleeps.ms[1], 1000);
}

static void
delays_end_at_twenty_seconds(void **state)
{
    struct fake_sleeps sleeps = {.n = 0};
    struct retry r;
    struct err err;

    (void)state;
    setenv("AWS_MAX_ATTEMPTS", "100", 1);
    assert_int_equal(init(&r, &sleeps, &err), 0);
    assert_true(retry_wait(&r, 5, RETRY_TRANSIENT));
    assert_true(retry_wait(&r, 6, RETRY_TRANSIENT));
    assert_true(retry_wait(&r, 99, RETRY_TRANSIENT));
    assert_int_equal(sleeps.ms[0], 8000);
    assert_int_equal(sleeps.ms[1], 10000);
    assert_int_equal(sleeps.ms[2], 10000);
}

static void
the_quota_stops_a_storm_and_success_refills_it(void **state)
{
    struct fake_sleeps sleeps = {.n = 0};
    struct retry r;
    struct err err;
    unsigned retries = 0;

    (void)state;
    assert_int_equal(init(&r, &sleeps, &err), 0);
    while (retry_wait(&r, 1, RETRY_TIMEOUT))
        retries++;
    assert_int_equal(retries, 50);
    retry_succeeded(&r); /* gives back what the last retry took */
    assert_true(retry_wait(&r, 1, RETRY_TIMEOUT));
    retry_succeeded(&r);
    retry_succeeded(&r);
    assert_int_equal(r.quota, 11);
    for (int i = 0; i < 1000; i++)
        retry_succeeded(&r);
    assert_int_equal(r.quota, 500);
}

static void
attempts_come_from_variable_then_profile(void **state)
{
    struct fake_sleeps sleeps = {.n = 0};
    struct retry r;
    struct err err;

    (void)state;
    aws_env_write(aws_env_config, "[default]\nmax_attempts = 7\n");
    assert_int_equal(init(&r, &sleeps, &err), 0);
    assert_int_equal(r.max_attempts, 7);
    setenv("AWS_MAX_ATTEMPTS", "1", 1);
    assert_int_equal(init(&r, &sleeps, &err), 0);
    assert_int_equal(r.max_attempts, 1);
    setenv("AWS_MAX_ATTEMPTS", "0", 1);
    assert_int_equal(init(&r, &sleeps, &err), -1);
    assert_string_equal(err.msg, "AWS_MAX_ATTEMPTS is '0': want a number from 1 to 100");
}

static void
the_systems_random_numbers_lie_in_range(void **state)
{
    cleanup_profile struct profile p = PROFILE_INIT;
    struct retry r;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(retry_init(&r, &p, &err), 0);
    for (int i = 0; i < 1000; i++) {
        double v = r.random(r.ctx);

        assert_true(v >= 0 && v < 1);
    }
}

#define T(f) cmocka_unit_test_setup(f, aws_env_each)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(answers_are_classified_as_in_standard_mode),
        T(three_attempts_with_growing_delays),
        T(delays_end_at_twenty_seconds),
        T(the_quota_stops_a_storm_and_success_refills_it),
        T(attempts_come_from_variable_then_profile),
        T(the_systems_random_numbers_lie_in_range),
    };

    return cmocka_run_group_tests_name("aws/retry", tests, aws_env_begin, aws_env_end);
}
