/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/creds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/profile.h"
#include "base/err.h"
#include "unit/aws/aws_env.h"

static int
find(const char *profile, struct creds *out, struct err *err)
{
    cleanup_profile struct profile p = PROFILE_INIT;
    const struct creds_context context = {.profile = &p};

    *err = (struct err)ERR_INIT;
    if (profile_load(&p, profile, err) < 0)
        return -1;
    return creds_find(&context, out, err);
}

static void
assert_found(const char *profile, const char *key_id, const char *token, const char *source)
{
    cleanup_creds struct creds c = CREDS_INIT;
    struct err err;

    if (find(profile, &c, &err) < 0)
        fail_msg("%s", err.msg);
    assert_string_equal(secret_reveal(&c.key_id), key_id);
    assert_string_equal(secret_reveal(&c.token), token);
    if (strstr(c.source, source) == NULL)
        fail_msg("source is %s", c.source);
}

static void
assert_refused(const char *profile, enum err_code code, const char *why)
{
    cleanup_creds struct creds c = CREDS_INIT;
    struct err err;

    assert_int_equal(find(profile, &c, &err), -1);
    if (err.code != code || strstr(err.msg, why) == NULL)
        fail_msg("want %s, got %d: %s", why, err.code, err.msg);
}

static void
use_env(const char *key_id, const char *secret, const char *token)
{
    setenv("AWS_ACCESS_KEY_ID", key_id, 1);
    setenv("AWS_SECRET_ACCESS_KEY", secret, 1);
    setenv("AWS_SESSION_TOKEN", token, 1);
}

static void
the_environment_wins_unless_a_profile_is_given(void **state)
{
    (void)state;
    aws_env_write(aws_env_credentials, "[default]\naws_access_key_id = FILE\n"
                                       "aws_secret_access_key = s\n"
                                       "[x]\naws_access_key_id = X\naws_secret_access_key = s\n");
    assert_found(NULL, "FILE", "", "profile 'default' in '");
    use_env("ENV", "s", "");
    assert_found(NULL, "ENV", "", "the environment");
    assert_found("x", "X", "", "profile 'x' in '");
    setenv("AWS_PROFILE", "x", 1); /* by a variable is not explicit */
    assert_found(NULL, "ENV", "", "the environment");
}

static void
tokens_are_taken_under_both_names(void **state)
{
    (void)state;
    use_env("ENV", "s", "T");
    assert_found(NULL, "ENV", "T", "environment");
    setenv("AWS_SECURITY_TOKEN", "OLD", 1);
    assert_found(NULL, "ENV", "T", "environment");
    unsetenv("AWS_SESSION_TOKEN");
    assert_found(NULL, "ENV", "OLD", "environment");
    aws_env_clear();
    aws_env_write(aws_env_config, "[profile x]\naws_access_key_id = X\naws_secret_access_key = s\n"
                                  "aws_security_token = OLD\n");
    assert_found("x", "X", "OLD", "/config'");
}

static void
a_pair_is_never_mixed_from_two_files(void **state)
{
    (void)state;
    aws_env_write(aws_env_config, "[default]\naws_secret_access_key = of-config\n"
                                  "aws_access_key_id = CONFIG\n");
    assert_found(NULL, "CONFIG", "", "/config'");
    aws_env_write(aws_env_credentials, "\n[default]\naws_access_key_id = CREDENTIALS\n");
    assert_refused(NULL, ERR_DENIED,
                   "/credentials:2: profile 'default' has no aws_secret_access_key");
}

static void
half_a_pair_in_the_environment_is_an_error(void **state)
{
    (void)state;
    use_env("ENV", "", "");
    assert_refused(NULL, ERR_DENIED, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
    use_env("", "s", "");
    assert_refused(NULL, ERR_DENIED,
                   "AWS_ACCESS_KEY_ID is not set, though AWS_SECRET_ACCESS_KEY is");
}

static void
a_refusal_says_what_each_source_lacked(void **state)
{
    (void)state;
    assert_refused(
        NULL, ERR_DENIED,
        "no AWS credentials: environment: AWS_ACCESS_KEY_ID is not set; shared files: no "
        "profile 'default' in '");
    aws_env_write(aws_env_config, "[default]\nregion = x\n[profile p]\nregion = y\n");
    assert_refused(NULL, ERR_DENIED, "shared files: profile 'default' has no aws_access_key_id");
    assert_refused("p", ERR_DENIED, "environment: not asked, since --profile was given");
}

static void
keys_with_blanks_or_line_breaks_are_refused_without_being_shown(void **state)
{
    cleanup_creds struct creds c = CREDS_INIT;
    struct err err;

    (void)state;
    use_env("ENV", "planted\n", "");
    assert_refused(NULL, ERR_INVALID, "the secret access key of the environment holds a blank");
    use_env("ENV ", "s", "");
    assert_refused(NULL, ERR_INVALID, "the access key id of the environment");
    use_env("ENV", "s", "planted\r\nX-Evil: 1");
    assert_refused(NULL, ERR_INVALID, "the session token of the environment");
    assert_int_equal(find(NULL, &c, &err), -1);
    assert_null(strstr(err.msg, "planted"));
}

static void
other_kinds_of_profiles_are_refused_by_name(void **state)
{
    static const struct {
        const char *line, *why;
    } kinds[] = {
        {"role_arn = arn:aws:iam::1:role/x", "from an assumed role (role_arn)"},
        {"web_identity_token_file = /t", "from a web identity (web_identity_token_file)"},
        {"sso_session = s", "from single sign-on (sso_session)"},
        {"sso_start_url = u", "from single sign-on (sso_start_url)"},
        {"credential_process = /bin/true", "from a program (credential_process)"},
        {"login_session = x", "from a login session (login_session)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        char text[256];

        snprintf(text, sizeof(text),
                 "[profile x]\n%s\naws_access_key_id = A\naws_secret_access_key = s\n",
                 kinds[i].line);
        aws_env_write(aws_env_config, text);
        assert_refused("x", ERR_UNSUPPORTED, kinds[i].why);
        assert_refused("x", ERR_UNSUPPORTED, "aws configure export-credentials --profile x");
    }
    /* Keys of the credentials file come before a program, but not before a role. */
    aws_env_write(aws_env_credentials, "[x]\naws_access_key_id = A\naws_secret_access_key = s\n");
    aws_env_write(aws_env_config, "[profile x]\ncredential_process = /bin/true\n");
    assert_found("x", "A", "", "/credentials'");
    aws_env_write(aws_env_config, "[profile x]\nrole_arn = r\n");
    assert_refused("x", ERR_UNSUPPORTED, "role_arn");
}

static void
a_web_identity_in_the_environment_is_not_passed_over(void **state)
{
    (void)state;
    aws_env_write(aws_env_credentials,
                  "[default]\naws_access_key_id = A\naws_secret_access_key = s\n");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/t", 1);
    assert_refused(NULL, ERR_UNSUPPORTED, "AWS_WEB_IDENTITY_TOKEN_FILE is set");
    assert_found("default", "A", "", "/credentials'"); /* explicit: the environment is not asked */
}

#define T(f) cmocka_unit_test_setup(f, aws_env_each)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_environment_wins_unless_a_profile_is_given),
        T(tokens_are_taken_under_both_names),
        T(a_pair_is_never_mixed_from_two_files),
        T(half_a_pair_in_the_environment_is_an_error),
        T(a_refusal_says_what_each_source_lacked),
        T(keys_with_blanks_or_line_breaks_are_refused_without_being_shown),
        T(other_kinds_of_profiles_are_refused_by_name),
        T(a_web_identity_in_the_environment_is_not_passed_over),
    };

    return cmocka_run_group_tests_name("aws/creds", tests, aws_env_begin, aws_env_end);
}
