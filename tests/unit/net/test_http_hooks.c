/* SPDX-License-Identifier: Apache-2.0 */
/* What a caller is asked before a connection and within a request. */
#include "net/http.h"

#include "base/clock.h"
#include "base/err.h"
#include "net/address.h"
#include "tests/support/http_peer.h"

struct guard {
    bool refuse;
    unsigned asked;
    char address[ADDRESS_TEXT_MAX];
};

static int
guard_connect(void *ctx, const struct sockaddr *to, struct err *err)
{
    struct guard *g = ctx;

    g->asked++;
    address_write(to, g->address);
    return g->refuse ? err_set(err, ERR_DENIED, "not there") : 0;
}

static void
the_address_of_a_connection_is_asked_about_before_it_is_made(void **state)
{
    cleanup_http_client struct http_client *client = http_client_new();
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
    struct guard g = {.refuse = true};
    struct http_request q = {.may_connect = guard_connect, .connect_ctx = &g, .proxy = ""};
    struct err err = ERR_INIT;

    assert_int_equal(http_peer_ask(client, *state, q, "/echo", &r, &err), -1);
    assert_int_equal(err.code, ERR_DENIED);
    assert_non_null(strstr(err.msg, "not there"));
    assert_string_equal(g.address, "127.0.0.1");
    g = (struct guard){0};
    assert_int_equal(http_peer_ask(client, *state, q, "/echo", &r, &err), 0);
    assert_int_equal(g.asked, 1);
    assert_int_equal(http_peer_ask(client, *state, q, "/echo", &r, &err),
                     0); /* a kept connection */
    assert_int_equal(g.asked, 1);
}

static void
a_proxy_that_is_not_used_does_not_answer_for_the_address(void **state)
{
    static const struct {
        const char *name, *value, *no_proxy;
        bool asked;
    } rows[] = {
        {"https_proxy", "http://127.0.0.1:9", "", true}, /* the peer is spoken to by http */
        {"http_proxy", "http://127.0.0.1:9", "127.0.0.1", true},
        {"http_proxy", "http://127.0.0.1:9", "a.test, 127.0.0.1", true},
        {"all_proxy", "http://127.0.0.1:9", "*", true},
        {"http_proxy", "", "", true},
        {"http_proxy", "http://127.0.0.1:9", "", false},
        {"http_proxy", "http://127.0.0.1:9", "0.0.1,.0.0.1,a.test", false},
        {"all_proxy", "http://127.0.0.1:9", "", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_http_client struct http_client *client = http_client_new();
        cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
        struct guard g = {.refuse = true};
        struct http_request q = {.may_connect = guard_connect, .connect_ctx = &g};
        struct err err = ERR_INIT;

        setenv(rows[i].name, rows[i].value, 1);
        setenv("no_proxy", rows[i].no_proxy, 1);
        assert_int_equal(http_peer_ask(client, *state, q, "/echo", &r, &err), -1);
        unsetenv(rows[i].name);
        unsetenv("no_proxy");
        if ((g.asked > 0) != rows[i].asked)
            fail_msg("row %zu: %s", i, err.msg);
    }
}

static int
never(struct err *err)
{
    return err_set(err, ERR_IO, "enough");
}

static void
a_request_ends_when_it_may_not_go_on(void **state)
{
    cleanup_http_client struct http_client *client = http_client_new();
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
    struct http_request q = {.may_go_on = never};
    int64_t start = clock_monotonic_ms(clock_system());
    struct err err = ERR_INIT;

    assert_int_equal(http_peer_ask(client, *state, q, "/hang", &r, &err), -1);
    assert_int_equal(err.code, ERR_IO);
    assert_non_null(strstr(err.msg, "enough"));
    assert_true(clock_monotonic_ms(clock_system()) - start < 10000);
}

static void
a_peer_that_stalls_is_left(void **state)
{
    cleanup_http_client struct http_client *client = http_client_new();
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
    struct http_request q = {.stall_ms = 1000, .timeout_ms = 50000};
    int64_t start = clock_monotonic_ms(clock_system());
    struct err err = ERR_INIT;

    assert_int_equal(http_peer_ask(client, *state, q, "/hang", &r, &err), -1);
    assert_int_equal(err.code, ERR_TIMEOUT);
    assert_true(clock_monotonic_ms(clock_system()) - start < 20000);
}

int
main(void)
{
#define WITH_PEER(test) cmocka_unit_test_setup_teardown(test, http_peer_start, http_peer_stop)
    const struct CMUnitTest tests[] = {
        WITH_PEER(the_address_of_a_connection_is_asked_about_before_it_is_made),
        WITH_PEER(a_proxy_that_is_not_used_does_not_answer_for_the_address),
        WITH_PEER(a_request_ends_when_it_may_not_go_on),
        WITH_PEER(a_peer_that_stalls_is_left),
    };

    return cmocka_run_group_tests_name("net/http_hooks", tests, NULL, NULL);
}
