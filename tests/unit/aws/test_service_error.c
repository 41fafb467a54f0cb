/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/service_error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/creds.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/http.h"

static void
answer(long status, const char *headers, const char *body, const struct creds *creds,
       struct service_error *out)
{
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;

    r.status = status;
    buf_append_str(&r.headers, headers);
    buf_append_str(&r.body, body);
    service_error_read(&r, creds, out);
}

static void
code_and_message_are_found_in_all_their_places(void **state)
{
    static const struct {
        const char *headers, *body, *code, *message;
    } answers[] = {
        {"", "{\"__type\":\"ClientException\",\"message\":\"m\"}", "ClientException", "m"},
        {"", "{\"__type\":\"com.amazonaws.ecs#ClientException\",\"Message\":\"M\"}",
         "ClientException", "M"},
        {"", "{\"__type\":\"X:http://x/#y\"}", "y", ""},
        {"", "{\"__type\":\"a#X:http://x/\"}", "X", ""},
        {"x-amzn-errortype: H:http://x/\r\n", "{\"__type\":\"B\",\"message\":\"m\"}", "H", "m"},
        {"X-Amzn-ErrorType: H\r\n", "", "H", ""},
        {"", "{\"message\":5,\"Message\":\"M\"}", "", "M"},
        {"", "{}", "", ""},
        {"", "", "", ""},
        {"", "[1]", "", "[1]"},
        {"", "plain  text\n\n", "", "plain text"},
        {"", "{\"__type\":7,\"message\":null}", "", ""},
        {"", "{\"__type\":\"Bad Code\\n\",\"message\":\"a\\u0007\\nb\"}", "Bad", "a b"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct service_error e;

        answer(400, answers[i].headers, answers[i].body, NULL, &e);
        if (strcmp(e.code, answers[i].code) != 0 || strcmp(e.message, answers[i].message) != 0)
            fail_msg("case %zu: code '%s' message '%s'", i, e.code, e.message);
    }
}

static void
the_text_names_code_message_status_and_request(void **state)
{
    struct service_error e;
    struct err err = ERR_INIT;

    (void)state;
    answer(400, "x-amzn-RequestId: abc-1\r\n", "{\"__type\":\"C\",\"message\":\"m\"}", NULL, &e);
    assert_int_equal(service_error_set(&e, NULL, &err), -1);
    assert_string_equal(err.msg, "C: m (HTTP 400, request id abc-1)");
    assert_int_equal(err.code, ERR_PROTOCOL);
    answer(503, "", "", NULL, &e);
    service_error_set(&e, NULL, &err);
    assert_string_equal(err.msg, "HTTP status 503: no message (HTTP 503)");
}

static void
refused_credentials_are_denied_and_say_their_source(void **state)
{
    struct creds creds = CREDS_INIT;
    struct service_error e;
    struct err err = ERR_INIT;

    (void)state;
    creds.source = mem_strdup("the environment");
    answer(400, "", "{\"__type\":\"ExpiredTokenException\",\"message\":\"old\"}", &creds, &e);
    service_error_set(&e, &creds, &err);
    assert_int_equal(err.code, ERR_DENIED);
    assert_string_equal(err.msg, "ExpiredTokenException: old (HTTP 400); the credentials come from "
                                 "the environment and have expired: get new ones");
    answer(403, "", "", &creds, &e);
    service_error_set(&e, &creds, &err);
    assert_int_equal(err.code, ERR_DENIED);
    creds_done(&creds);
}

static void
own_secrets_are_masked_wherever_they_come_back(void **state)
{
    struct creds creds = CREDS_INIT;
    struct service_error e;
    char body[512];

    (void)state;
    secret_set(&creds.secret_key, "planted/secret", 14);
    secret_set(&creds.token, "planted-token", 13);
    answer(400, "",
           "{\"message\":\"x-amz-security-token:planted-token\\nplanted\\/secret planted-token\"}",
           &creds, &e);
    assert_string_equal(e.message, "x-amz-security-token:************* ************** "
                                   "*************");
    /* A page is cut at 200 characters: not before the secret in it is masked. */
    memset(body, 'x', 195);
    memcpy(body + 195, "planted-token", 14);
    answer(502, "", body, &creds, &e);
    assert_null(strstr(e.message, "plan"));
    answer(400, "X-Amzn-Errortype: planted-token\r\nx-amzn-requestid: planted/secret\r\n", "{}",
           &creds, &e);
    assert_string_equal(e.code, "*************");
    assert_string_equal(e.request_id, "**************");
    answer(400, "", "{\"__type\":\"planted-token\"}", &creds, &e);
    assert_string_equal(e.code, "*************");
    creds_done(&creds);
}

static void
long_answers_are_cut(void **state)
{
    struct service_error e;
    char *body = mem_alloc(100001);

    (void)state;
    memset(body, 'a', 100000);
    answer(400, body, body, NULL, &e);
    assert_true(strlen(e.message) <= 200);
    memcpy(body, "{\"message\":\"", 12);
    memcpy(body + 99998, "\"}", 2);
    answer(400, "", body, NULL, &e);
    assert_true(strlen(e.message) > 600 && strlen(e.message) < sizeof(e.message));
    free(body);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_and_message_are_found_in_all_their_places),
        cmocka_unit_test(the_text_names_code_message_status_and_request),
        cmocka_unit_test(refused_credentials_are_denied_and_say_their_source),
        cmocka_unit_test(own_secrets_are_masked_wherever_they_come_back),
        cmocka_unit_test(long_answers_are_cut),
    };

    return cmocka_run_group_tests_name("aws/service_error", tests, NULL, NULL);
}
