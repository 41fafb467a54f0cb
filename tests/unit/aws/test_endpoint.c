/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/profile.h"
#include "base/err.h"
#include "unit/aws/aws_env.h"

static int
choose(const char *given, const char *region, struct endpoint *out, struct err *err)
{
    cleanup_profile struct profile p = PROFILE_INIT;

    *err = (struct err)ERR_INIT;
    *out = (struct endpoint){0};
    if (profile_load(&p, NULL, err) < 0)
        return -1;
    return endpoint_choose(&endpoint_ecs, given, region, &p, out, err);
}

static void
assert_endpoint(const char *given, const char *region, const char *url, const char *host,
                const char *path)
{
    cleanup_endpoint struct endpoint e;
    struct err err;

    if (choose(given, region, &e, &err) < 0)
        fail_msg("%s", err.msg);
    assert_string_equal(e.url, url);
    assert_string_equal(e.host_header, host);
    assert_string_equal(e.path, path);
}

static void
assert_refused(const char *given, enum err_code code, const char *why)
{
    cleanup_endpoint struct endpoint e;
    struct err err;

    if (choose(given, "us-east-1", &e, &err) == 0)
        fail_msg("%s was accepted", e.url);
    if (err.code != code || strstr(err.msg, why) == NULL)
        fail_msg("want %s, got %d: %s", why, err.code, err.msg);
}

static void
assert_host(const char *region, const char *host)
{
    char url[128];

    snprintf(url, sizeof(url), "https://%s", host);
    assert_endpoint(NULL, region, url, host, "/");
}

static void
partition_and_region_give_the_host(void **state)
{
    (void)state;
    assert_host("us-east-1", "ecs.us-east-1.amazonaws.com");
    assert_host("cn-north-1", "ecs.cn-north-1.amazonaws.com.cn");
    assert_host("us-gov-west-1", "ecs.us-gov-west-1.amazonaws.com");
    assert_host("eusc-de-east-1", "ecs.eusc-de-east-1.amazonaws.eu");
    assert_host("us-iso-east-1", "ecs.us-iso-east-1.c2s.ic.gov");
    setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
    assert_host("us-east-1", "ecs-fips.us-east-1.amazonaws.com");
    setenv("AWS_USE_DUALSTACK_ENDPOINT", "TRUE", 1);
    assert_host("us-east-1", "ecs-fips.us-east-1.api.aws");
    setenv("AWS_USE_FIPS_ENDPOINT", "false", 1);
    assert_host("us-east-1", "ecs.us-east-1.api.aws");
    assert_host("cn-north-1", "ecs.cn-north-1.api.amazonwebservices.com.cn");
    unsetenv("AWS_USE_DUALSTACK_ENDPOINT");
    unsetenv("AWS_USE_FIPS_ENDPOINT");
    aws_env_write(aws_env_config, "[default]\nuse_fips_endpoint = true\n");
    assert_host("us-east-1", "ecs-fips.us-east-1.amazonaws.com");
    setenv("AWS_USE_FIPS_ENDPOINT", "false", 1); /* the variable wins over the profile */
    assert_host("us-east-1", "ecs.us-east-1.amazonaws.com");
}

static void
configured_endpoints_are_asked_in_their_order(void **state)
{
    (void)state;
    aws_env_write(aws_env_config, "[default]\nendpoint_url = https://e1\n");
    assert_endpoint(NULL, "r", "https://e1", "e1", "/");
    aws_env_write(aws_env_config, "[default]\nendpoint_url = https://e1\nservices = s\n"
                                  "[services s]\nsqs =\n  endpoint_url = https://no\n"
                                  "ecs =\n  endpoint_url = https://e2\n");
    assert_endpoint(NULL, "r", "https://e2", "e2", "/");
    setenv("AWS_ENDPOINT_URL", "https://e3", 1);
    assert_endpoint(NULL, "r", "https://e3", "e3", "/");
    setenv("AWS_ENDPOINT_URL_ECS", "https://e4", 1);
    assert_endpoint(NULL, "r", "https://e4", "e4", "/");
    assert_endpoint("https://e5", "r", "https://e5", "e5", "/");
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
    assert_endpoint(NULL, "us-east-1", "https://ecs.us-east-1.amazonaws.com",
                    "ecs.us-east-1.amazonaws.com", "/");
    assert_endpoint("https://e5", "r", "https://e5", "e5", "/");
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "maybe", 1);
    assert_refused(NULL, ERR_INVALID,
                   "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is 'maybe': want true or false");
}

static void
a_services_section_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    aws_env_write(aws_env_config, "[default]\nservices = s\n");
    assert_refused(NULL, ERR_INVALID, "profile 'default': there is no [services s] in '");
}

static void
urls_keep_port_and_prefix(void **state)
{
    (void)state;
    assert_endpoint("http://127.0.0.1:5621", "r", "http://127.0.0.1:5621", "127.0.0.1:5621", "/");
    assert_endpoint("http://localhost/", "r", "http://localhost", "localhost", "/");
    assert_endpoint("http://[::1]:80", "r", "http://[::1]:80", "[::1]", "/");
    assert_endpoint("https://h:443/a/b/", "r", "https://h:443/a/b", "h", "/a/b/");
    assert_endpoint("https://h:8443/a", "r", "https://h:8443/a", "h:8443", "/a/");
}

static void
bad_urls_are_refused_with_their_origin(void **state)
{
    (void)state;
    assert_refused("ecs.example", ERR_USAGE,
                   "endpoint 'ecs.example' (--endpoint-url): want https://HOST[:PORT]");
    assert_refused("ftp://h", ERR_USAGE, "want https://HOST[:PORT]");
    assert_refused("https://", ERR_USAGE, "endpoint 'https://' (--endpoint-url)");
    assert_refused("https://h:99999", ERR_USAGE, "endpoint 'https://h:99999'");
    assert_refused("https://h/?a", ERR_USAGE, "may hold no '?' or '#'");
    assert_refused("https://h/#a", ERR_USAGE, "may hold no '?' or '#'");
    assert_refused("https://h/a b", ERR_USAGE, "holds a blank");
    assert_refused("https://h\r\nX: 1", ERR_USAGE, "holds a blank");
    assert_refused("https://user:planted@h", ERR_USAGE,
                   "endpoint (--endpoint-url): may hold no user name or '@'");
    setenv("AWS_ENDPOINT_URL_ECS", "h", 1);
    assert_refused(NULL, ERR_INVALID, "endpoint 'h' (AWS_ENDPOINT_URL_ECS)");
}

static void
plain_http_is_for_this_machine_only(void **state)
{
    (void)state;
    assert_endpoint("http://127.1.2.3", "r", "http://127.1.2.3", "127.1.2.3", "/");
    assert_refused("http://example.com", ERR_USAGE, "plain http is for this machine only");
    assert_refused("http://10.0.0.1:4566", ERR_USAGE, "plain http is for this machine only");
    assert_refused("http://127.0.0.1.example.com", ERR_USAGE, "plain http is for this machine");
    assert_refused("http://localhost.example.com", ERR_USAGE, "plain http is for this machine");
    assert_refused("http://[fd00::1]", ERR_USAGE, "plain http is for this machine only");
}

static void
configured_endpoints_exclude_fips_and_dual_stack(void **state)
{
    (void)state;
    setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
    assert_refused("https://h", ERR_INVALID,
                   "endpoint (--endpoint-url): a configured endpoint and FIPS");
    unsetenv("AWS_USE_FIPS_ENDPOINT");
    setenv("AWS_USE_DUALSTACK_ENDPOINT", "true", 1);
    setenv("AWS_ENDPOINT_URL", "https://h", 1);
    assert_refused(NULL, ERR_INVALID,
                   "endpoint (AWS_ENDPOINT_URL): a configured endpoint and dual stack");
}

#define T(f) cmocka_unit_test_setup(f, aws_env_each)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(partition_and_region_give_the_host),
        T(configured_endpoints_are_asked_in_their_order),
        T(a_services_section_that_is_not_there_is_an_error),
        T(urls_keep_port_and_prefix),
        T(bad_urls_are_refused_with_their_origin),
        T(plain_http_is_for_this_machine_only),
        T(configured_endpoints_exclude_fips_and_dual_stack),
    };

    return cmocka_run_group_tests_name("aws/endpoint", tests, aws_env_begin, aws_env_end);
}
