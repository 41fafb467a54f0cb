/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http.h"

#include "base/clock.h"
#include "base/err.h"
#include "tests/support/http_peer.h"

static void
assert_body_has(const struct http_response *r, const char *part)
{
    if (strstr(buf_cstr(&r->body), part) == NULL)
        fail_msg("'%s' is not in:\n%s", part, buf_cstr(&r->body));
}

static void
assert_body_lacks(const struct http_response *r, const char *part)
{
    if (strcasestr(buf_cstr(&r->body), part) != NULL)
        fail_msg("'%s' is in:\n%s", part, buf_cstr(&r->body));
}

static void
a_plain_request_carries_what_was_asked_for_and_no_more(void **state)
{
    static const struct http_header headers[] = {{"X-One", "1"}, {"X-Empty", ""}};
    cleanup_http_client struct http_client *client = http_client_new();
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
    struct http_request q = {.headers = headers, .n_headers = ARRAY_LEN(headers)};
    struct err err = ERR_INIT;

    assert_int_equal(http_peer_ask(client, *state, q, "/echo?a=b", &r, &err), 0);
    assert_int_equal(r.status, 200);
    assert_true(str_starts(buf_view(&r.body), "GET /echo?a=b HTTP/1.1\r\n"));
    assert_body_has(&r, "\r\nX-One: 1\r\n");
    assert_body_has(&r, "\r\nX-Empty:\r\n");
    assert_body_has(&r, "\r\nUser-Agent: berth/");
    assert_body_lacks(&r, "Accept-Encoding");
    assert_body_lacks(&r, "Expect");
    assert_body_lacks(&r, "Content-Type");
    assert_true(str_eq(http_response_header(&r, "content-type"), "message/http"));
}

static void
bodies_are_sent_with_their_length_and_no_type_of_their_own(void **state)
{
    static const char body[] = "a\0b";
    cleanup_http_client struct http_client *client = http_client_new();
    static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE"};
    struct err err = ERR_INIT;

    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
        struct http_request q = {.method = methods[i], .body = body, .body_size = 3};

        assert_int_equal(http_peer_ask(client, *state, q, "/echo", &r, &err), 0);
        assert_true(str_starts(buf_view(&r.body), methods[i]));
        assert_body_has(&r, "\r\nContent-Length: 3\r\n");
        assert_body_lacks(&r, "Content-Type");
        assert_body_lacks(&r, "Expect");
        assert_memory_equal(r.body.p + r.body.n - 3, "a\0b", 3);
    }
}

static void
an_empty_post_says_that_it_is_empty(void **state)
{
    cleanup_http_client struct http_client *client = http_client_new();
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
    struct err err = ERR_INIT;

    assert_int_equal(
        http_peer_ask(client, *state, (struct http_request){.method = "POST"}, "/echo", &r, &err),
        0);
    assert_body_has(&r, "\r\nContent-Length: 0\r\n");
}

static void
a_path_is_sent_as_it_is(void **state)
{
    cleanup_http_client struct http_client *client = http_client_new();
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
    struct err err = ERR_INIT;

    assert_int_equal(
        http_peer_ask(client, *state, (struct http_request){0}, "/echo?%7e=/../a", &r, &err), 0);
    assert_true(str_starts(buf_view(&r.body), "GET /echo?%7e=/../a HTTP/1.1\r\n"));
}

static void
head_has_a_length_and_no_body(void **state)
{
    cleanup_http_client struct http_client *client = http_client_new();
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
    struct http_request q = {.method = "HEAD", .max_body_bytes = 10};
    struct err err = ERR_INIT;

    /* A length far above the limit is only announced. */
    assert_int_equal(http_peer_ask(client, *state, q, "/length-only", &r, &err), 0);
    assert_int_equal(r.body.n, 0);
    assert_true(str_eq(http_response_header(&r, "Content-Length"), "99999999999"));
}

static void
errors_of_the_peer_are_answers(void **state)
{
    cleanup_http_client struct http_client *client = http_client_new();
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
    struct err err = ERR_INIT;

    assert_int_equal(http_peer_ask(client, *state, (struct http_request){0}, "/busy", &r, &err), 0);
    assert_int_equal(r.status, 503);
    assert_string_equal(buf_cstr(&r.body), "busy");
    assert_true(str_eq(http_response_header(&r, "RETRY-AFTER"), "7"));
    assert_null(http_response_header(&r, "X-Absent").p);
}

static void
redirects_are_not_followed(void **state)
{
    cleanup_http_client struct http_client *client = http_client_new();
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
    struct err err = ERR_INIT;

    assert_int_equal(http_peer_ask(client, *state, (struct http_request){0}, "/redirect", &r, &err),
                     0);
    assert_int_equal(r.status, 302);
    assert_true(str_eq(http_response_header(&r, "Location"), "/echo"));
}

static void
only_the_last_answers_headers_are_kept(void **state)
{
    cleanup_http_client struct http_client *client = http_client_new();
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
    struct err err = ERR_INIT;

    assert_int_equal(http_peer_ask(client, *state, (struct http_request){0}, "/interim", &r, &err),
                     0);
    assert_int_equal(r.status, 200);
    assert_null(http_response_header(&r, "Link").p);
    assert_true(str_eq(http_response_header(&r, "X-Final"), "yes"));
    assert_string_equal(buf_cstr(&r.body), "late");
}

static void
chunks_are_joined(void **state)
{
    cleanup_http_client struct http_client *client = http_client_new();
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
    struct err err = ERR_INIT;

    assert_int_equal(http_peer_ask(client, *state, (struct http_request){0}, "/chunked", &r, &err),
                     0);
    assert_string_equal(buf_cstr(&r.body), "abcdefg");
}

static void
a_client_keeps_its_connection_and_a_response_can_be_used_again(void **state)
{
    cleanup_http_client struct http_client *client = http_client_new();
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
    struct err err = ERR_INIT;

    for (int i = 1; i <= 3; i++) {
        char number[16];

        snprintf(number, sizeof(number), "%d", i);
        assert_int_equal(http_peer_ask(client, *state, (struct http_request){0}, "/busy", &r, &err),
                         0);
        assert_string_equal(buf_cstr(&r.body), "busy");
        assert_true(str_eq(http_response_header(&r, "X-Connection"), "1"));
        assert_true(str_eq(http_response_header(&r, "X-Request"), number));
    }
}

static void
a_unix_socket_takes_the_place_of_the_host(void **state)
{
    cleanup_http_client struct http_client *client = http_client_new();
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
    struct http_request q = {.proxy = "http://127.0.0.1:1"};
    struct err err = ERR_INIT;

    assert_int_equal(http_peer_ask(client, *state, q, "/echo", &r, &err), 0);
    assert_body_has(&r, "\r\nHost: localhost\r\n");
}

static void
limits_in_size_are_kept(void **state)
{
    static const struct {
        const char *path;
        size_t max;
        const char *want;
    } cases[] = {
        {"/large", 64 * 1024 - 1, "/large: the answer is larger than 65535 bytes"},
        {"/length-only", 0, "/length-only: the answer is larger than 16777216 bytes"},
        {"/endless", 1000, "/endless: the answer is larger than 1000 bytes"},
        {"/headers", 0, "/headers: the answer's headers are larger than 262144 bytes"},
        {"/interim-flood", 0, "/interim-flood: the answer's headers are larger than 262144 bytes"},
    };
    cleanup_http_client struct http_client *client = http_client_new();

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
        struct http_request q = {.max_body_bytes = cases[i].max};
        struct err err = ERR_INIT;

        assert_int_equal(http_peer_ask(client, *state, q, cases[i].path, &r, &err), -1);
        assert_int_equal(err.code, ERR_LIMIT);
        if (!str_ends(str_from(err.msg), cases[i].want))
            assert_string_equal(err.msg, cases[i].want);
        assert_true(r.body.n <= 64 * 1024);
    }
}

static void
an_answer_of_just_the_limit_fits(void **state)
{
    cleanup_http_client struct http_client *client = http_client_new();
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
    struct http_request q = {.max_body_bytes = 64 * 1024};
    struct err err = ERR_INIT;

    assert_int_equal(http_peer_ask(client, *state, q, "/large", &r, &err), 0);
    assert_int_equal(r.body.n, 64 * 1024);
}

static void
broken_answers_are_errors_of_the_network_or_the_protocol(void **state)
{
    static const struct {
        const char *path;
        enum err_code code;
    } cases[] = {
        {"/truncated", ERR_NET},
        {"/truncated-chunk", ERR_NET},
        {"/close", ERR_NET},
        {"/garbage", ERR_PROTOCOL},
    };
    cleanup_http_client struct http_client *client = http_client_new();

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
        struct err err = ERR_INIT;

        assert_int_equal(
            http_peer_ask(client, *state, (struct http_request){0}, cases[i].path, &r, &err), -1);
        assert_int_equal(err.code, cases[i].code);
    }
}

static void
a_peer_that_hangs_is_left_after_the_time_limit(void **state)
{
    cleanup_http_client struct http_client *client = http_client_new();
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
    struct http_request q = {.timeout_ms = 100};
    int64_t start = clock_monotonic_ms(clock_system());
    struct err err = ERR_INIT;

    assert_int_equal(http_peer_ask(client, *state, q, "/hang", &r, &err), -1);
    assert_int_equal(err.code, ERR_TIMEOUT);
    assert_int_equal(err_exit_status(&err), 124);
    assert_true(clock_monotonic_ms(clock_system()) - start < 10000);
}

struct feed {
    const char *text;
    size_t piece;
    int fail_after; /* calls; -1 for never */
};

static ptrdiff_t
feed_read(void *ctx, void *into, size_t room, struct err *err)
{
    struct feed *f = ctx;
    size_t n = strlen(f->text);

    if (f->fail_after-- == 0)
        return err_set(err, ERR_IO, "the source broke");
    n = n < f->piece ? n : f->piece;
    n = n < room ? n : room;
    memcpy(into, f->text, n);
    f->text += n;
    return (ptrdiff_t)n;
}

static void
a_streamed_body_has_its_length_or_goes_in_chunks(void **state)
{
    for (int chunked = 0; chunked < 2; chunked++) {
        cleanup_http_client struct http_client *client = http_client_new();
        cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
        struct feed f = {"abcdefghij", 3, -1};
        struct http_request q = {.method = "PUT",
                                 .body_read = feed_read,
                                 .body_ctx = &f,
                                 .body_size = chunked ? -1 : 10};
        struct err err = ERR_INIT;

        assert_int_equal(http_peer_ask(client, *state, q, "/echo", &r, &err), 0);
        assert_true(str_starts(buf_view(&r.body), "PUT /echo HTTP/1.1\r\n"));
        assert_body_lacks(&r, "Expect");
        if (chunked) {
            assert_body_has(&r, "\r\nTransfer-Encoding: chunked\r\n");
            assert_body_has(&r, "3\r\nabc\r\n");
        } else {
            assert_body_has(&r, "\r\nContent-Length: 10\r\n");
            assert_true(str_ends(buf_view(&r.body), "\r\n\r\nabcdefghij"));
        }
    }
}

static void
a_streamed_body_that_fails_or_lies_about_its_length_ends_the_request(void **state)
{
    static const struct {
        int64_t size;
        int fail_after;
        enum err_code code;
        const char *want;
    } cases[] = {
        {-1, 1, ERR_IO, "the source broke"},
        {10, 2, ERR_IO, "the source broke"},
        {11, -1, ERR_INVALID, "the request's body has 10 bytes where 11 were announced"},
        {8, -1, ERR_INVALID, "the request's body has 9 bytes where 8 were announced"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_http_client struct http_client *client = http_client_new();
        cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
        struct feed f = {"abcdefghij", 3, cases[i].fail_after};
        struct http_request q = {.method = "PUT",
                                 .body_read = feed_read,
                                 .body_ctx = &f,
                                 .body_size = cases[i].size,
                                 .timeout_ms = 10000};
        struct err err = ERR_INIT;

        assert_int_equal(http_peer_ask(client, *state, q, "/echo", &r, &err), -1);
        assert_int_equal(err.code, cases[i].code);
        assert_true(str_ends(str_from(err.msg), cases[i].want));
    }
}

struct drain {
    size_t received;
    size_t fail_at;
};

static int
drain_take(void *ctx, const void *p UNUSED, size_t n, struct err *err)
{
    struct drain *d = ctx;

    d->received += n;
    if (d->fail_at > 0 && d->received >= d->fail_at)
        return err_set(err, ERR_DIGEST, "not what was wanted");
    return 0;
}

static void
a_sink_gets_the_body_and_may_end_it(void **state)
{
    cleanup_http_client struct http_client *client = http_client_new();
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
    struct drain d = {0, 0};
    struct http_request q = {.sink = drain_take, .sink_ctx = &d};
    struct err err = ERR_INIT;

    assert_int_equal(http_peer_ask(client, *state, q, "/large", &r, &err), 0);
    assert_int_equal(d.received, 64 * 1024);
    assert_int_equal(r.body.n, 0);
    d = (struct drain){0, 1};
    assert_int_equal(http_peer_ask(client, *state, q, "/large", &r, &err), -1);
    assert_int_equal(err.code, ERR_DIGEST);
    q.max_body_bytes = 1000;
    d = (struct drain){0, 0};
    assert_int_equal(http_peer_ask(client, *state, q, "/endless", &r, &err), -1);
    assert_int_equal(err.code, ERR_LIMIT);
    assert_true(d.received <= 1000);
}

static void
headers_of_one_name_are_counted(void **state UNUSED)
{
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;

    buf_append_str(&r.headers, "A: 1\r\nB: x\r\na:  2 \r\n");
    assert_true(str_eq(http_response_header_at(&r, "A", 0), "1"));
    assert_true(str_eq(http_response_header_at(&r, "A", 1), "2"));
    assert_null(http_response_header_at(&r, "A", 2).p);
}

static void
requests_that_could_smuggle_are_refused_before_they_are_sent(void **state UNUSED)
{
    static const struct {
        struct http_header header;
        const char *method;
        const char *url;
        const char *want;
    } cases[] = {
        {{"X", "a\r\nY: b"}, NULL, "http://h/", "HTTP header 'X' holds a control character"},
        {{"X", "a\nb"}, NULL, "http://h/", "HTTP header 'X' holds a control character"},
        {{"X\r\nY", "a"}, NULL, "http://h/", "the name of HTTP header 1 is no token"},
        {{"X Y", "a"}, NULL, "http://h/", "the name of HTTP header 1 is no token"},
        {{"", "a"}, NULL, "http://h/", "the name of HTTP header 1 is no token"},
        {{"X", "a"}, "GET / HTTP/1.1\r\nX", "http://h/", "the HTTP method is no token"},
        {{"X", "a"}, "", "http://h/", "the HTTP method is no token"},
        {{"X", "a"}, NULL, "ftp://u:secret@h/", "URL scheme 'ftp': want http or https"},
        {{"X", "a"}, NULL, "file:///etc/passwd", "URL scheme 'file': want http or https"},
        {{"X", "a"}, NULL, "http://u:sec ret@h/", "malformed URL: "},
        {{"X", "a"}, NULL, "http://h/\r\nX: y", "malformed URL: "},
        {{"X", "a"}, NULL, "http://h:99999/", "malformed URL: "},
        {{"X", "a"}, NULL, "", "malformed URL: "},
    };
    cleanup_http_client struct http_client *client = http_client_new();

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
        struct http_request q = {.method = cases[i].method,
                                 .url = cases[i].url,
                                 .headers = &cases[i].header,
                                 .n_headers = 1};
        struct err err = ERR_INIT;

        assert_int_equal(http_send(client, &q, &r, &err), -1);
        assert_int_equal(err.code, ERR_INVALID);
        if (strncmp(err.msg, cases[i].want, strlen(cases[i].want)) != 0)
            assert_string_equal(err.msg, cases[i].want);
        assert_null(strstr(err.msg, "sec"));
    }
}

static void
errors_name_the_place_without_its_secrets(void **state UNUSED)
{
    cleanup_http_client struct http_client *client = http_client_new();
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
    struct http_request q = {.url = "http://user:secret@127.0.0.1:1/path?X-Amz-Signature=secret#s",
                             .proxy = ""};
    struct err err = ERR_INIT;

    assert_int_equal(http_send(client, &q, &r, &err), -1);
    assert_string_equal(err.msg, "GET http://127.0.0.1:1/path: cannot connect: Connection refused");
    assert_int_equal(err.code, ERR_NET);
    assert_int_equal(err.sys, ECONNREFUSED);
}

static void
a_missing_socket_is_named(void **state UNUSED)
{
    static const char too_long[] =
        "/tmp/a-path-that-is-longer-than-the-hundred-and-eight-bytes-which-the-kernel-has-room-for-"
        "in-a-socket-address/s";
    cleanup_http_client struct http_client *client = http_client_new();
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
    struct http_request q = {.url = "http://localhost/_ping", .unix_socket = "/nonexistent/sock"};
    struct err err = ERR_INIT;

    assert_int_equal(http_send(client, &q, &r, &err), -1);
    assert_string_equal(err.msg, "GET unix:/nonexistent/sock:/_ping: cannot connect: No such file "
                                 "or directory");
    q.unix_socket = too_long;
    assert_int_equal(http_send(client, &q, &r, &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
}

static void
tls_failures_say_what_to_do(void **state)
{
    const struct http_peer *peer = *state;
    cleanup_http_client struct http_client *client = http_client_new();
    cleanup_http_response struct http_response r = HTTP_RESPONSE_INIT;
    cleanup_free char *url = mem_printf("https%s/", peer->url + strlen("http"));
    struct http_request q = {.url = url, .ca_file = "/nonexistent/ca.pem"};
    struct err err = ERR_INIT;

    assert_int_equal(http_send(client, &q, &r, &err), -1);
    assert_true(str_ends(str_from(err.msg), "/: no CA certificates at '/nonexistent/ca.pem'; set "
                                            "SSL_CERT_FILE to a PEM bundle"));
    setenv("SSL_CERT_FILE", "/nonexistent/other.pem", 1);
    q.ca_file = NULL;
    assert_int_equal(http_send(client, &q, &r, &err), -1);
    assert_non_null(strstr(err.msg, "'/nonexistent/other.pem'"));
    unsetenv("SSL_CERT_FILE");
}

static void
the_library_says_its_version(void **state UNUSED)
{
    assert_true(str_starts(str_from(http_library_version()), "libcurl/"));
}

int
main(void)
{
#define WITH_PEER(test) cmocka_unit_test_setup_teardown(test, http_peer_start, http_peer_stop)
    const struct CMUnitTest tests[] = {
        WITH_PEER(a_plain_request_carries_what_was_asked_for_and_no_more),
        WITH_PEER(bodies_are_sent_with_their_length_and_no_type_of_their_own),
        WITH_PEER(an_empty_post_says_that_it_is_empty),
        WITH_PEER(a_path_is_sent_as_it_is),
        WITH_PEER(head_has_a_length_and_no_body),
        WITH_PEER(errors_of_the_peer_are_answers),
        WITH_PEER(redirects_are_not_followed),
        WITH_PEER(only_the_last_answers_headers_are_kept),
        WITH_PEER(chunks_are_joined),
        WITH_PEER(a_client_keeps_its_connection_and_a_response_can_be_used_again),
        cmocka_unit_test_setup_teardown(a_unix_socket_takes_the_place_of_the_host,
                                        http_peer_start_unix, http_peer_stop),
        WITH_PEER(limits_in_size_are_kept),
        WITH_PEER(an_answer_of_just_the_limit_fits),
        WITH_PEER(broken_answers_are_errors_of_the_network_or_the_protocol),
        WITH_PEER(a_peer_that_hangs_is_left_after_the_time_limit),
        WITH_PEER(a_streamed_body_has_its_length_or_goes_in_chunks),
        WITH_PEER(a_streamed_body_that_fails_or_lies_about_its_length_ends_the_request),
        WITH_PEER(a_sink_gets_the_body_and_may_end_it),
        cmocka_unit_test(headers_of_one_name_are_counted),
        cmocka_unit_test(requests_that_could_smuggle_are_refused_before_they_are_sent),
        cmocka_unit_test(errors_name_the_place_without_its_secrets),
        cmocka_unit_test(a_missing_socket_is_named),
        WITH_PEER(tls_failures_say_what_to_do),
        cmocka_unit_test(the_library_says_its_version),
    };

    return cmocka_run_group_tests_name("net/http", tests, NULL, NULL);
}
