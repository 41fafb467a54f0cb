/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "images/registry_creds.h"
#include "images/registry_login.h"
#include "unit/aws/aws_env.h"
#include "unit/aws/fake_http.h"

#define HOST "123456789012.dkr.ecr.eu-central-1.amazonaws.com"

/* "AWS:fresh" */
static const struct fake_answer fresh[] = {
    {200, ERR_NONE, NULL, "{\"authorizationData\":[{\"authorizationToken\":\"QVdTOmZyZXNo\"}]}"}};

static void
set_up(bool credentials, const char *config)
{
    cleanup_free char *path = fs_join(aws_env_folder, "config.json");
    struct err err = ERR_INIT;

    aws_env_clear();
    unsetenv("IMAGEGEN_CREDS");
    setenv("DOCKER_CONFIG", aws_env_folder, 1);
    assert_int_equal(fs_write(path, config, strlen(config), 0600, &err), 0);
    if (credentials) {
        setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
        setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 1);
    }
}

/* "old:stale" */
#define STALE "{\"auths\":{\"" HOST "\":{\"auth\":\"b2xkOnN0YWxl\"}}}"

static void
a_fresh_password_is_preferred_to_a_kept_one(void **state)
{
    struct fake_http http = FAKE_HTTP(fresh);
    cleanup_creds struct creds c = CREDS_INIT;
    struct err err = ERR_INIT;

    (void)state;
    set_up(true, STALE);
    assert_int_equal(registry_login_find(HOST, true, NULL, &http.client, &c, &err), 0);
    assert_string_equal(secret_reveal(&c.pair), "AWS:fresh");
}

static void
without_credentials_of_aws_the_kept_one_counts(void **state)
{
    struct fake_http http = FAKE_HTTP(fresh);
    cleanup_creds struct creds c = CREDS_INIT;
    struct err err = ERR_INIT;

    (void)state;
    set_up(false, STALE);
    assert_int_equal(registry_login_find(HOST, true, NULL, &http.client, &c, &err), 0);
    assert_string_equal(secret_reveal(&c.pair), "old:stale");
    assert_int_equal(http.n_sent, 0);
}

static void
without_any_the_reason_is_that_of_aws(void **state)
{
    struct fake_http http = FAKE_HTTP(fresh);
    cleanup_creds struct creds c = CREDS_INIT;
    struct err err = ERR_INIT;

    (void)state;
    set_up(false, "{}");
    assert_int_equal(registry_login_find(HOST, true, NULL, &http.client, &c, &err), -1);
    assert_int_equal(err.code, ERR_DENIED);
    assert_non_null(strstr(err.msg, HOST));
}

static void
the_users_own_words_and_other_hosts_do_not_ask_aws(void **state)
{
    struct fake_http http = FAKE_HTTP(fresh);
    cleanup_creds struct creds own = CREDS_INIT;
    cleanup_creds struct creds other = CREDS_INIT;
    struct err err = ERR_INIT;

    (void)state;
    set_up(true, "{\"auths\":{\"h.test\":{\"auth\":\"b2xkOnN0YWxl\"}}}");
    assert_int_equal(registry_login_find("h.test", true, NULL, &http.client, &other, &err), 0);
    assert_string_equal(secret_reveal(&other.pair), "old:stale");
    setenv("IMAGEGEN_CREDS", "me:mine", 1);
    assert_int_equal(registry_login_find(HOST, true, NULL, &http.client, &own, &err), 0);
    assert_string_equal(secret_reveal(&own.pair), "me:mine");
    assert_int_equal(http.n_sent, 0);
}

static int
end(void **state)
{
    cleanup_free char *path = fs_join(aws_env_folder, "config.json");

    unlink(path);
    return aws_env_end(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_password_is_preferred_to_a_kept_one),
        cmocka_unit_test(without_credentials_of_aws_the_kept_one_counts),
        cmocka_unit_test(without_any_the_reason_is_that_of_aws),
        cmocka_unit_test(the_users_own_words_and_other_hosts_do_not_ask_aws),
    };
    return cmocka_run_group_tests_name("images/registry_login", tests, aws_env_begin, end);
}
