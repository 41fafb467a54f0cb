/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/secret.h"
#include "images/ecr.h"
#include "unit/aws/aws_env.h"
#include "unit/aws/fake_http.h"

static void
hosts_of_ecr_tell_their_region(void **state)
{
    static const struct {
        const char *host, *region; /* NULL: no host of ECR */
    } rows[] = {
        {"123456789012.dkr.ecr.eu-central-1.amazonaws.com", "eu-central-1"},
        {"123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
        {"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"},
        {"12345678901.dkr.ecr.eu-central-1.amazonaws.com", NULL},
        {"12345678901x.dkr.ecr.eu-central-1.amazonaws.com", NULL},
        {"123456789012.dkr.ecr.eu-central-1.amazonaws.com.example.test", NULL},
        {"123456789012.dkr.ecr.eu-central-1.amazonaws.com:443", NULL},
        {"123456789012.dkr.ecr.cn-north-1.amazonaws.com", NULL},
        {"123456789012.dkr.ecr..amazonaws.com", NULL},
        {"123456789012.dkr.s3.eu-central-1.amazonaws.com", NULL},
        {"public.ecr.aws", NULL},
        {"docker.io", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ecr_host h = {""};

        if (ecr_parse_host(rows[i].host, &h) != (rows[i].region != NULL))
            fail_msg("%s", rows[i].host);
        assert_string_equal(h.region, rows[i].region != NULL ? rows[i].region : "");
    }
}

static int
ask(struct fake_http *http, struct secret *out, struct err *err)
{
    const struct ecr_host host = {"eu-central-1"};

    aws_env_clear();
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 1);
    setenv("AWS_REGION", "us-east-1", 1);
    return ecr_password(&host, NULL, &http->client, out, err);
}

static void
the_password_comes_from_the_registrys_own_region(void **state)
{
    static const struct fake_answer answers[] = {
        {200, ERR_NONE, NULL,
         "{\"authorizationData\":[{\"authorizationToken\":\"QVdTOnNlY3JldA==\",\"expiresAt\":1,"
         "\"proxyEndpoint\":\"https://x\"}]}"}};
    struct fake_http http = FAKE_HTTP(answers);
    cleanup_secret struct secret password = SECRET_INIT;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(ask(&http, &password, &err), 0);
    assert_string_equal(secret_reveal(&password), "secret");
    assert_string_equal(http.last_url, "https://api.ecr.eu-central-1.amazonaws.com/");
    assert_non_null(strstr(http.last_headers, "X-Amz-Target: AmazonEC2ContainerRegistry_V20150921."
                                              "GetAuthorizationToken"));
    assert_non_null(strstr(http.last_headers, "/eu-central-1/ecr/aws4_request"));
    assert_string_equal(http.last_body, "{}");
}

static void
answers_without_a_token_are_refused(void **state)
{
    static const char *const bodies[] = {
        "{}",
        "{\"authorizationData\":[]}",
        "{\"authorizationData\":[{\"authorizationToken\":7}]}",
        "{\"authorizationData\":[{\"authorizationToken\":\"\"}]}",
        "{\"authorizationData\":[{\"authorizationToken\":\"QVdTOg==\"}]}",     /* "AWS:" */
        "{\"authorizationData\":[{\"authorizationToken\":\"eHg6c2VjcmV0\"}]}", /* another user */
        "{\"authorizationData\":[{\"authorizationToken\":\"!\"}]}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        const struct fake_answer answers[] = {{200, ERR_NONE, NULL, bodies[i]}};
        struct fake_http http = FAKE_HTTP(answers);
        cleanup_secret struct secret password = SECRET_INIT;
        struct err err = ERR_INIT;

        if (ask(&http, &password, &err) == 0)
            fail_msg("accepted: %s", bodies[i]);
        assert_int_equal(err.code, ERR_PROTOCOL);
        assert_null(strstr(err.msg, "eHg6c2VjcmV0"));
    }
}

static void
without_credentials_nobody_is_asked(void **state)
{
    static const struct fake_answer answers[] = {{200, ERR_NONE, NULL, "{}"}};
    const struct ecr_host host = {"eu-central-1"};
    struct fake_http http = FAKE_HTTP(answers);
    cleanup_secret struct secret password = SECRET_INIT;
    struct err err = ERR_INIT;

    (void)state;
    aws_env_clear();
    assert_int_equal(ecr_password(&host, NULL, &http.client, &password, &err), -1);
    assert_int_equal(err.code, ERR_DENIED);
    assert_int_equal(http.n_sent, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_of_ecr_tell_their_region),
        cmocka_unit_test(the_password_comes_from_the_registrys_own_region),
        cmocka_unit_test(answers_without_a_token_are_refused),
        cmocka_unit_test(without_credentials_nobody_is_asked),
    };
    return cmocka_run_group_tests_name("images/ecr", tests, aws_env_begin, aws_env_end);
}
