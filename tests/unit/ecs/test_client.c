/* SPDX-License-Identifier: Apache-2.0 */
#include "ecs/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/service_error.h"
#include "aws/session.h"
#include "unit/aws/aws_env.h"
#include "unit/aws/fake_http.h"
#include "json/json.h"

#define DONE \
    "{\"taskDefinition\":{\"taskDefinitionArn\":\"arn:x\",\"family\":\"web\",\"revision\":7}}"

static int64_t now;
static const struct clock fake_clock = {.unix_seconds = fake_clock_unix, .ctx = &now};

/* Everything a call needs, with a peer that answers from a list. */
struct world {
    struct session session;
    struct client client;
    struct fake_sleeps sleeps;
    struct json_t *body;
};

static void
open_world(struct world *w, struct fake_http *http)
{
    const struct session_opts opts = {.region = "us-east-1"};
    struct err err = ERR_INIT;

    *w = (struct world){.body = NULL};
    now = FAKE_TIME;
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 1);
    setenv("AWS_SESSION_TOKEN", "TOKEN", 1);
    assert_int_equal(session_init(&w->session, &opts, &http->client, &err), 0);
    w->session.clock = &fake_clock;
    w->session.retry.random = fake_random;
    w->session.retry.sleep_ms = fake_sleep_ms;
    w->session.retry.ctx = &w->sleeps;
    assert_int_equal(client_init(&w->client, &w->session, NULL, &err), 0);
    w->body = json_parse(STR_LIT("{\"family\":\"web\",\"containerDefinitions\":[{\"name\":\"app\","
                                 "\"image\":\"example:1\",\"essential\":true}]}"),
                         "body", &err);
    assert_non_null(w->body);
}

static void
close_world(struct world *w)
{
    json_free(w->body);
    client_done(&w->client);
    session_done(&w->session);
}

static int
send_register(struct fake_http *http, struct world *w, struct service_error *refusal,
              struct err *err)
{
    struct client_revision revision = {0};
    int rc;

    *err = (struct err)ERR_INIT;
    open_world(w, http);
    rc = client_register(&w->client, w->body, &revision, refusal, err);
    if (rc == 0) {
        assert_string_equal(revision.arn, "arn:x");
        assert_string_equal(revision.family, "web");
        assert_int_equal(revision.revision, 7);
    }
    client_revision_done(&revision);
    return rc;
}

/* Golden vector A, through everything. */
static void
a_request_is_the_golden_one(void **state)
{
    static const struct fake_answer answers[] = {{200, 0, NULL, DONE}};
    struct fake_http http = FAKE_HTTP(answers);
    struct world w;
    struct err err;

    (void)state;
    assert_int_equal(send_register(&http, &w, NULL, &err), 0);
    assert_string_equal(http.last_url, "https://ecs.us-east-1.amazonaws.com/");
    assert_string_equal(
        http.last_headers,
        "Host: ecs.us-east-1.amazonaws.com\n"
        "X-Amz-Date: 20150830T123600Z\n"
        "X-Amz-Security-Token: TOKEN\n"
        "Content-Type: application/x-amz-json-1.1\n"
        "X-Amz-Target: AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition\n"
        "Authorization: AWS4-HMAC-SHA256 "
        "Credential=AKIDEXAMPLE/20150830/us-east-1/ecs/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "
        "Signature=e093a998ca11cce23799bea7efc3c247c6765ebb980f96def685d3bd388fec13\n");
    assert_string_equal(http.last_body, "{\"family\":\"web\",\"containerDefinitions\":[{\"name\":"
                                        "\"app\",\"image\":\"example:1\",\"essential\":true}]}");
    close_world(&w);
}

static void
a_page_that_echoes_the_request_shows_no_secret(void **state)
{
    /* The token stands across the end of what is shown. */
    static const struct fake_answer answers[] = {{200, 0, NULL,
                                                  "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY "
                                                  "---------- ---------- ------- SESSIONTOKEN"}};
    struct fake_http http = FAKE_HTTP(answers);
    struct client_revision revision = {0};
    struct err err = ERR_INIT;
    struct world w;

    (void)state;
    open_world(&w, &http);
    setenv("AWS_SESSION_TOKEN", "SESSIONTOKEN", 1);
    assert_int_equal(client_register(&w.client, w.body, &revision, NULL, &err), -1);
    assert_int_equal(err.code, ERR_PROTOCOL);
    assert_non_null(strstr(err.msg, "no JSON object"));
    assert_null(strstr(err.msg, "wJal"));
    assert_null(strstr(err.msg, "SESS"));
    close_world(&w);
}

static void
broken_and_throttled_attempts_are_repeated(void **state)
{
    static const struct fake_answer answers[] = {
        {0, ERR_NET, NULL, NULL},
        {400, 0, NULL, "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}"},
        {200, 0, NULL, DONE},
    };
    struct fake_http http = FAKE_HTTP(answers);
    struct world w;
    struct err err;

    (void)state;
    assert_int_equal(send_register(&http, &w, NULL, &err), 0);
    assert_int_equal(http.n_sent, 3);
    assert_int_equal(w.sleeps.n, 2);
    close_world(&w);
}

static void
the_last_of_three_attempts_is_reported(void **state)
{
    static const struct fake_answer answers[] = {
        {500, 0, NULL, "{\"__type\":\"ServerException\",\"message\":\"first\"}"},
        {0, ERR_TIMEOUT, NULL, NULL},
        {503, 0, "x-amzn-requestid: r3\r\n", "{\"__type\":\"ServerException\",\"message\":\"m\"}"},
    };
    struct fake_http http = FAKE_HTTP(answers);
    struct service_error refusal;
    struct world w;
    struct err err;

    (void)state;
    assert_int_equal(send_register(&http, &w, &refusal, &err), -1);
    assert_string_equal(err.msg, "RegisterTaskDefinition: attempt 3 of 3: "
                                 "https://ecs.us-east-1.amazonaws.com: "
                                 "ServerException: m (HTTP 503, request id r3)");
    assert_int_equal(refusal.status, 503);
    assert_string_equal(refusal.code, "ServerException");
    close_world(&w);
}

static void
what_cannot_succeed_is_sent_once(void **state)
{
    static const struct fake_answer answers[][1] = {
        {{400, 0, NULL, "{\"__type\":\"ClientException\",\"message\":\"no\"}"}},
        {{403, 0, NULL, "<html>"}},
        {{307, 0, "Location: http://elsewhere/\r\n", ""}},
        {{0, ERR_LIMIT, NULL, NULL}},
        {{0, ERR_INVALID, NULL, NULL}},
        {{200, 0, NULL, "<html>"}},
        {{200, 0, NULL, "[]"}},
        {{200, 0, NULL, ""}},
        {{200, 0, NULL, "{}"}},
        {{200, 0, NULL, "{\"taskDefinition\":{\"taskDefinitionArn\":5}}"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct fake_http http = FAKE_HTTP(answers[i]);
        struct world w;
        struct err err;

        assert_int_equal(send_register(&http, &w, NULL, &err), -1);
        if (http.n_sent != 1 || err.code == ERR_INTERNAL)
            fail_msg("case %zu: %s", i, err.msg);
        close_world(&w);
    }
}

static void
a_wrong_clock_is_put_right_once(void **state)
{
    static const struct fake_answer answers[] = {
        {400, 0, "Date: Sun, 30 Aug 2015 14:36:00 GMT\r\n",
         "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired\"}"},
        {200, 0, NULL, DONE},
    };
    static const struct fake_answer twice[] = {
        {400, 0, "Date: Sun, 30 Aug 2015 14:36:00 GMT\r\n",
         "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired\"}"},
        {400, 0, "Date: Sun, 30 Aug 2015 16:36:00 GMT\r\n",
         "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired\"}"},
    };
    struct fake_http http = FAKE_HTTP(answers), stubborn = FAKE_HTTP(twice);
    struct world w, v;
    struct err err;

    (void)state;
    assert_int_equal(send_register(&http, &w, NULL, &err), 0);
    assert_non_null(strstr(http.last_headers, "X-Amz-Date: 20150830T143600Z\n"));
    assert_int_equal(w.session.clock_offset, 7200);
    assert_int_equal(w.sleeps.n, 0);
    close_world(&w);
    assert_int_equal(send_register(&stubborn, &v, NULL, &err), -1);
    assert_int_equal(stubborn.n_sent, 2);
    close_world(&v);
}

static void
a_right_clock_is_left_alone(void **state)
{
    static const struct fake_answer answers[] = {
        {400, 0, "Date: Sun, 30 Aug 2015 12:37:00 GMT\r\n",
         "{\"__type\":\"InvalidSignatureException\",\"message\":\"wrong key\"}"}};
    struct fake_http http = FAKE_HTTP(answers);
    struct world w;
    struct err err;

    (void)state;
    assert_int_equal(send_register(&http, &w, NULL, &err), -1);
    assert_int_equal(http.n_sent, 1);
    assert_int_equal(err.code, ERR_DENIED);
    assert_non_null(strstr(err.msg, "the credentials come from the environment"));
    close_world(&w);
}

static void
no_credentials_means_no_request(void **state)
{
    static const struct fake_answer answers[] = {{200, 0, NULL, DONE}};
    struct fake_http http = FAKE_HTTP(answers);
    struct client_revision revision = {0};
    struct world w;
    struct err err = ERR_INIT;

    (void)state;
    open_world(&w, &http);
    unsetenv("AWS_ACCESS_KEY_ID");
    assert_int_equal(client_register(&w.client, w.body, &revision, NULL, &err), -1);
    assert_int_equal(err.code, ERR_DENIED);
    assert_int_equal(http.n_sent, 0);
    close_world(&w);
}

#define T(f) cmocka_unit_test_setup(f, aws_env_each)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_request_is_the_golden_one),
        T(a_page_that_echoes_the_request_shows_no_secret),
        T(broken_and_throttled_attempts_are_repeated),
        T(the_last_of_three_attempts_is_reported),
        T(what_cannot_succeed_is_sent_once),
        T(a_wrong_clock_is_put_right_once),
        T(a_right_clock_is_left_alone),
        T(no_credentials_means_no_request),
    };

    return cmocka_run_group_tests_name("ecs/client", tests, aws_env_begin, aws_env_end);
}
