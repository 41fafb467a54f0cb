/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/region.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/partition.h"
#include "aws/profile.h"
#include "base/err.h"
#include "unit/aws/aws_env.h"

static int
choose(const char *given, char out[REGION_SIZE], struct err *err)
{
    cleanup_profile struct profile p = PROFILE_INIT;

    *err = (struct err)ERR_INIT;
    if (profile_load(&p, NULL, err) < 0)
        return -1;
    return region_choose(given, &p, out, err);
}

static void
assert_region(const char *given, const char *want)
{
    char out[REGION_SIZE];
    struct err err;

    if (choose(given, out, &err) < 0)
        fail_msg("%s", err.msg);
    assert_string_equal(out, want);
}

static void
the_order_is_option_variables_profile(void **state)
{
    (void)state;
    aws_env_write(aws_env_config, "[default]\nregion = eu-west-1\n");
    assert_region(NULL, "eu-west-1");
    setenv("AWS_DEFAULT_REGION", "eu-west-2", 1);
    assert_region(NULL, "eu-west-2");
    setenv("AWS_REGION", "eu-west-3", 1);
    assert_region(NULL, "eu-west-3");
    assert_region("us-east-1", "us-east-1");
    setenv("AWS_REGION", "", 1);
    assert_region(NULL, "eu-west-2");
}

static void
a_region_must_be_a_host_label(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } names[] = {
        {"us-east-1", true},      {"local", true},          {"x", true},
        {"a.b", false},           {"us_east_1", false},     {"us-east-1.evil.example", false},
        {"-us", false},           {"us-", false},           {"US-EAST-1", false},
        {"123", false},           {"us east", false},       {"us-east-1/", false},
        {"us-east-1\r\n", false}, {"us-east-1a", false},    {"eu-central-1b", false},
        {"\xc3\xa4", false},      {"us-east-1@evil", false}};
    char longest[80];
    char out[REGION_SIZE];
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((choose(names[i].text, out, &err) == 0) != names[i].good)
            fail_msg("'%s'", names[i].text);
        if (!names[i].good)
            assert_int_equal(err.code, ERR_USAGE);
    }
    memset(longest, 'a', sizeof(longest));
    longest[64] = '\0';
    assert_int_equal(choose(longest, out, &err), -1);
    longest[63] = '\0';
    assert_int_equal(choose(longest, out, &err), 0);
}

static void
refusals_say_where_the_region_came_from(void **state)
{
    char out[REGION_SIZE];
    struct err err;

    (void)state;
    assert_int_equal(choose(NULL, out, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    assert_non_null(strstr(err.msg, "no region: give --region, set AWS_REGION, or put"));
    assert_int_equal(choose("us-east-1a", out, &err), -1);
    assert_string_equal(err.msg, "region 'us-east-1a' (--region) is an availability zone; its "
                                 "region is 'us-east-1'");
    assert_int_equal(choose("us-west-2-lax-1a", out, &err), -1);
    assert_true(str_ends(str_from(err.msg), "its region is 'us-west-2'"));
    assert_int_equal(choose("us-gov-west-1b", out, &err), -1);
    assert_true(str_ends(str_from(err.msg), "its region is 'us-gov-west-1'"));
    setenv("AWS_DEFAULT_REGION", "a.b", 1);
    assert_int_equal(choose(NULL, out, &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
    assert_non_null(strstr(err.msg, "region 'a.b' (AWS_DEFAULT_REGION): want a name such as"));
    unsetenv("AWS_DEFAULT_REGION");
    aws_env_write(aws_env_config, "[default]\nregion = a/b\n");
    assert_int_equal(choose(NULL, out, &err), -1);
    assert_non_null(strstr(err.msg, "profile 'default': region 'a/b' (region of the profile)"));
}

static void
regions_tell_their_partition(void **state)
{
    static const struct {
        const char *region, *partition;
    } regions[] = {
        {"us-east-1", "aws"},
        {"ap-southeast-7", "aws"},
        {"mx-central-1", "aws"},
        {"cn-north-1", "aws-cn"},
        {"us-gov-west-1", "aws-us-gov"},
        {"us-iso-east-1", "aws-iso"},
        {"us-isob-east-1", "aws-iso-b"},
        {"eu-isoe-west-1", "aws-iso-e"},
        {"us-isof-south-1", "aws-iso-f"},
        {"eusc-de-east-1", "aws-eusc"},
        {"us-future-99", "aws"},
        {"local", "aws"},
        {"cn", "aws"},
        {"cn-north-x", "aws"},
        {"cn--1", "aws"},
        {"us-gov-1", "aws"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++)
        assert_string_equal(partition_of(regions[i].region)->name, regions[i].partition);
}

#define T(f) cmocka_unit_test_setup(f, aws_env_each)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_order_is_option_variables_profile),
        T(a_region_must_be_a_host_label),
        T(refusals_say_where_the_region_came_from),
        T(regions_tell_their_partition),
    };

    return cmocka_run_group_tests_name("aws/region", tests, aws_env_begin, aws_env_end);
}
