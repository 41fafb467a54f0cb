/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "unit/aws/aws_env.h"

static void
assert_chosen(const char *given, const char *name, const char *region)
{
    cleanup_profile struct profile p = PROFILE_INIT;
    struct err err = ERR_INIT;

    if (profile_load(&p, given, &err) < 0)
        fail_msg("%s", err.msg);
    assert_string_equal(p.name, name);
    assert_true(str_eq(profile_get(&p, "region"), region));
    assert_true(p.explicit == (given != NULL));
}

static void
the_profile_comes_from_option_then_variables_then_default(void **state)
{
    (void)state;
    aws_env_write(aws_env_config, "[default]\nregion = d-1\n[profile a]\nregion = a-1\n"
                                  "[profile b]\nregion = b-1\n[profile c]\nregion = c-1\n");
    assert_chosen(NULL, "default", "d-1");
    setenv("AWS_DEFAULT_PROFILE", "a", 1);
    assert_chosen(NULL, "a", "a-1");
    setenv("AWS_PROFILE", "b", 1);
    assert_chosen(NULL, "b", "b-1");
    assert_chosen("c", "c", "c-1");
    setenv("AWS_PROFILE", "", 1); /* empty is not set */
    assert_chosen(NULL, "a", "a-1");
}

static void
the_credentials_file_wins_over_the_config_file(void **state)
{
    (void)state;
    aws_env_write(aws_env_config, "[profile a]\nregion = config\n[b]\nregion = no\n");
    aws_env_write(aws_env_credentials, "[a]\nregion = credentials\n[b]\nregion =\n");
    assert_chosen("a", "a", "credentials");
    assert_chosen("b", "b", ""); /* [b] of the config file is no profile, an empty value no value */
}

static void
default_may_be_written_both_ways(void **state)
{
    (void)state;
    aws_env_write(aws_env_config, "[default]\nregion = plain\n[profile default]\nregion = long\n");
    assert_chosen(NULL, "default", "long");
}

static void
a_named_profile_that_is_not_there_is_an_error(void **state)
{
    cleanup_profile struct profile p = PROFILE_INIT, q = PROFILE_INIT, r = PROFILE_INIT;
    struct err err = ERR_INIT;

    (void)state;
    aws_env_write(aws_env_config, "[profile production]\nregion = x\n");
    assert_int_equal(profile_load(&p, "prodution", &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_non_null(strstr(err.msg, "profile 'prodution' (--profile) is neither in '"));
    assert_non_null(strstr(err.msg, "did you mean 'production'?"));
    setenv("AWS_PROFILE", "x", 1);
    assert_int_equal(profile_load(&q, NULL, &err), -1);
    assert_non_null(strstr(err.msg, "profile 'x' (AWS_PROFILE)"));
    unsetenv("AWS_PROFILE");
    assert_int_equal(profile_load(&r, NULL, &err), 0); /* nobody asked for "default" */
}

static void
a_broken_file_stops_with_its_line(void **state)
{
    cleanup_profile struct profile p = PROFILE_INIT;
    struct err err = ERR_INIT;

    (void)state;
    aws_env_write(aws_env_credentials, "[default]\naws_access_key_id\n");
    assert_int_equal(profile_load(&p, NULL, &err), -1);
    assert_non_null(strstr(err.msg, "/credentials:2: want 'key = value'"));
}

static void
a_tilde_is_the_home_folder(void **state)
{
    char *home = strdup(getenv("HOME") != NULL ? getenv("HOME") : "/");
    cleanup_profile struct profile p = PROFILE_INIT, q = PROFILE_INIT;
    struct err err = ERR_INIT;

    (void)state;
    aws_env_write(aws_env_config, "[default]\nregion = here\n");
    setenv("HOME", aws_env_folder, 1);
    setenv("AWS_CONFIG_FILE", "~/config", 1);
    unsetenv("AWS_SHARED_CREDENTIALS_FILE");
    assert_int_equal(profile_load(&p, NULL, &err), 0);
    assert_true(str_eq(profile_get(&p, "region"), "here"));
    assert_true(str_ends(str_from(p.credentials_path), "/.aws/credentials"));
    unsetenv("HOME");
    assert_int_equal(profile_load(&q, NULL, &err), 0);
    assert_null(q.config_path);
    setenv("HOME", home, 1);
    free(home);
}

static void
nested_settings_and_booleans_are_read(void **state)
{
    cleanup_profile struct profile p = PROFILE_INIT;
    struct err err = ERR_INIT;
    bool value;

    (void)state;
    aws_env_write(aws_env_config, "[default]\nservices = s\nt = True\nf = false\nx = yes\n"
                                  "[services s]\necs =\n  endpoint_url = http://h\n");
    assert_int_equal(profile_load(&p, NULL, &err), 0);
    assert_true(str_eq(profile_get_nested(&p, "services", STR_LIT("s"), "ecs", "endpoint_url"),
                       "http://h"));
    assert_null(profile_get_nested(&p, "services", STR_LIT("t"), "ecs", "endpoint_url").p);
    assert_int_equal(profile_get_bool(&p, "t", false, &value, &err), 0);
    assert_true(value);
    assert_int_equal(profile_get_bool(&p, "f", true, &value, &err), 0);
    assert_false(value);
    assert_int_equal(profile_get_bool(&p, "absent", true, &value, &err), 0);
    assert_true(value);
    assert_int_equal(profile_get_bool(&p, "x", true, &value, &err), -1);
    assert_string_equal(err.msg, "profile 'default': x is 'yes': want true or false");
}

#define T(f) cmocka_unit_test_setup(f, aws_env_each)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_profile_comes_from_option_then_variables_then_default),
        T(the_credentials_file_wins_over_the_config_file),
        T(default_may_be_written_both_ways),
        T(a_named_profile_that_is_not_there_is_an_error),
        T(a_broken_file_stops_with_its_line),
        T(a_tilde_is_the_home_folder),
        T(nested_settings_and_booleans_are_read),
    };

    return cmocka_run_group_tests_name("aws/profile", tests, aws_env_begin, aws_env_end);
}
