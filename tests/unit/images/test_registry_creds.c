/* SPDX-License-Identifier: Apache-2.0 */
#include "images/registry_creds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "json/json.h"

/* dXNlcjpwbGFudGVk is user:planted. */
#define AUTH "{\"auth\":\"dXNlcjpwbGFudGVk\"}"

static const struct {
    const char *config, *authority;
    const char *pair, *helper; /* NULL: none */
    enum err_code code;
} cases[] = {
    {"{}", "h", NULL, NULL, ERR_NONE},
    {"{\"auths\":{\"h\":" AUTH "}}", "h", "user:planted", NULL, ERR_NONE},
    {"{\"auths\":{\"H.test\":" AUTH "}}", "h.test", "user:planted", NULL, ERR_NONE},
    {"{\"auths\":{\"https://h/v2/\":" AUTH "}}", "h", "user:planted", NULL, ERR_NONE},
    {"{\"auths\":{\"http://h:5000\":" AUTH "}}", "h:5000", "user:planted", NULL, ERR_NONE},
    {"{\"auths\":{\"h\":" AUTH "}}", "h:5000", NULL, NULL, ERR_NONE},
    {"{\"auths\":{\"h:5000\":" AUTH "}}", "h", NULL, NULL, ERR_NONE},
    {"{\"auths\":{\"h.evil\":" AUTH "}}", "h", NULL, NULL, ERR_NONE},
    {"{\"auths\":{\"https://index.docker.io/v1/\":" AUTH "}}", "docker.io", "user:planted", NULL,
     ERR_NONE},
    {"{\"auths\":{\"https://index.docker.io/v1/\":" AUTH "}}", "other", NULL, NULL, ERR_NONE},
    {"{\"auths\":{\"h\":{}},\"credsStore\":\"pass\"}", "h", NULL, "pass", ERR_NONE},
    {"{\"credHelpers\":{\"h\":\"ecr-login\"},\"credsStore\":\"pass\"}", "h", NULL, "ecr-login",
     ERR_NONE},
    {"{\"credHelpers\":{\"other\":\"ecr-login\"}}", "h", NULL, NULL, ERR_NONE},
    {"{\"auths\":{\"h\":{\"auth\":\"\"}}}", "h", NULL, NULL, ERR_NONE},
    {"{\"auths\":{\"h\":{\"auth\":\"planted\"}}}", "h", NULL, NULL, ERR_INVALID},
    {"{\"auths\":{\"h\":{\"auth\":\"dXNlcg==\"}}}", "h", NULL, NULL, ERR_INVALID},
    {"{\"auths\":{\"h\":{\"auth\":\"OnBsYW50ZWQ=\"}}}", "h", NULL, NULL, ERR_INVALID},
    {"{\"auths\":{\"h\":{\"identitytoken\":\"planted\"}}}", "h", NULL, NULL, ERR_UNSUPPORTED},
};

static void
config_json_is_read_for_one_registry(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        cleanup_json struct json_t *doc = json_parse(str_from(cases[i].config), "config", &err);
        cleanup_creds struct creds c = CREDS_INIT;
        const char *helper = "unset";
        int done;

        assert_non_null(doc);
        done = creds_from_config(doc, cases[i].authority, &c, &helper, &err);
        if (done != (cases[i].code == ERR_NONE ? 0 : -1) || err.code != cases[i].code)
            fail_msg("%s: %s", cases[i].config, err.msg);
        assert_null(strstr(err.msg, "planted"));
        if (done < 0)
            continue;
        assert_string_equal(secret_reveal(&c.pair), cases[i].pair != NULL ? cases[i].pair : "");
        assert_string_equal(helper != NULL ? helper : "",
                            cases[i].helper != NULL ? cases[i].helper : "");
    }
}

static void
a_helper_s_name_cannot_be_a_path_or_a_command(void **state UNUSED)
{
    static const char *const names[] = {"", "../x", "a b", "a;b", "a/b", "a.b", "$(x)"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct err err = ERR_INIT;
        cleanup_creds struct creds c = CREDS_INIT;

        assert_int_equal(creds_from_helper(names[i], "h", &c, &err), -1);
        assert_int_equal(err.code, ERR_INVALID);
    }
}

static void
the_environment_comes_first_where_it_may(void **state UNUSED)
{
    struct err err = ERR_INIT;
    cleanup_creds struct creds c = CREDS_INIT;
    cleanup_creds struct creds none = CREDS_INIT;

    setenv("DOCKER_CONFIG", "/nonexistent", 1);
    setenv("IMAGEGEN_CREDS", "user:pass:word", 1);
    assert_int_equal(registry_creds_find("h", true, &c, &err), 0);
    assert_string_equal(secret_reveal(&c.pair), "user:pass:word");
    assert_int_equal(registry_creds_find("h", false, &none, &err), 0);
    assert_false(secret_is_set(&none.pair));
    setenv("IMAGEGEN_CREDS", "planted", 1);
    assert_int_equal(registry_creds_find("h", true, &none, &err), -1);
    assert_null(strstr(err.msg, "planted"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_json_is_read_for_one_registry),
        cmocka_unit_test(a_helper_s_name_cannot_be_a_path_or_a_command),
        cmocka_unit_test(the_environment_comes_first_where_it_may),
    };

    return cmocka_run_group_tests_name("images/registry_creds", tests, NULL, NULL);
}
