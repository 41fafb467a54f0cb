/* SPDX-License-Identifier: Apache-2.0 */
#include "ecs/register.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

static int
prepare(const char *text, struct buf *out, struct buf *dropped, struct err *err)
{
    cleanup_json struct json_t *doc = json_parse(str_from(text), "doc", err);
    cleanup_json struct json_t *body = NULL;

    *err = (struct err)ERR_INIT;
    assert_non_null(doc);
    if (register_prepare(doc, &body, dropped, err) < 0)
        return -1;
    json_write(body, JSON_COMPACT, out);
    return 0;
}

static void
keys_of_answers_are_dropped_and_the_rest_is_kept_in_order(void **state)
{
    cleanup_buf struct buf out = BUF_INIT(4096), dropped = BUF_INIT(4096);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(
        prepare("{\"taskDefinitionArn\":\"a\",\"containerDefinitions\":[{\"status\":1}],"
                "\"family\":\"web\",\"revision\":3,\"status\":\"ACTIVE\",\"requiresAttributes\":[],"
                "\"compatibilities\":[],\"registeredAt\":1.5,\"registeredBy\":\"x\","
                "\"deregisteredAt\":2,\"deleteRequestedAt\":3,\"future\":{\"a\":[1]},\"tags\":[]}",
                &out, &dropped, &err),
        0);
    assert_string_equal(buf_cstr(&out), "{\"containerDefinitions\":[{\"status\":1}],\"family\":"
                                        "\"web\",\"future\":{\"a\":[1]},\"tags\":[]}");
    assert_string_equal(buf_cstr(&dropped),
                        "taskDefinitionArn, revision, status, requiresAttributes, compatibilities, "
                        "registeredAt, registeredBy, deregisteredAt, deleteRequestedAt");
}

static void
a_plain_request_is_not_changed(void **state)
{
    cleanup_buf struct buf out = BUF_INIT(4096), dropped = BUF_INIT(4096);
    struct err err = ERR_INIT;
    static const char text[] = "{\"family\":\"web\",\"containerDefinitions\":[{}]}";

    (void)state;
    assert_int_equal(prepare(text, &out, &dropped, &err), 0);
    assert_string_equal(buf_cstr(&out), text);
    assert_int_equal(dropped.n, 0);
}

static void
documents_that_are_no_definition_are_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"[]", "want an object"},
        {"\"x\"", "want an object"},
        {"{}", "/family is missing"},
        {"{\"family\":5,\"containerDefinitions\":[{}]}", "/family: want a string"},
        {"{\"family\":\"\",\"containerDefinitions\":[{}]}", "/family: is empty"},
        {"{\"family\":\"a\"}", "/containerDefinitions is missing"},
        {"{\"family\":\"a\",\"containerDefinitions\":{}}", "/containerDefinitions: want an array"},
        {"{\"family\":\"a\",\"containerDefinitions\":[]}",
         "/containerDefinitions: holds no container"},
        {"{\"taskDefinition\":{\"family\":\"a\"}}", "jq .taskDefinition"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cleanup_buf struct buf out = BUF_INIT(4096), dropped = BUF_INIT(4096);
        struct err err = ERR_INIT;

        assert_int_equal(prepare(bad[i].text, &out, &dropped, &err), -1);
        if (strstr(err.msg, bad[i].why) == NULL || err.code != ERR_INVALID)
            fail_msg("%s: %s", bad[i].text, err.msg);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_answers_are_dropped_and_the_rest_is_kept_in_order),
        cmocka_unit_test(a_plain_request_is_not_changed),
        cmocka_unit_test(documents_that_are_no_definition_are_refused),
    };

    return cmocka_run_group_tests_name("ecs/register", tests, NULL, NULL);
}
