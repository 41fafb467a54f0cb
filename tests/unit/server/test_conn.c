/* SPDX-License-Identifier: Apache-2.0 */

/* Connections and exchanges over a real socket, with handlers that answer late, in parts, or take a
 * body. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/err.h"
#include "server/conn.h"
#include "server/route.h"
#include "server/settings.h"

enum { TURNS = 2000, TEXT = 4 << 20, PART = 16 * 1024, PARTS = 64 };

static struct {
    struct exchange *late; /* of the handler that answers later */
    unsigned responded, drained, aborted, lasts;
    uint64_t pending_most;
    char body[TEXT];
    size_t body_n;
    bool pauses;
    int taken; /* by detach */
    struct iobuf rest, before;
} seen;

static struct {
    struct loop loop;
    struct conn_group group;
    struct settings settings;
    int client;
    char text[TEXT];
    size_t n;
    bool ended;
} t;

/* ---- handlers ---- */

static void
reply_text(struct exchange *x, const char *text)
{
    struct exchange_reply r = EXCHANGE_REPLY_INIT;

    r.type = "text/plain";
    r.body = str_from(text);
    exchange_reply(x, &r);
}

static void
on_abort(struct exchange *x UNUSED)
{
    seen.aborted++;
    seen.late = NULL;
}

static void
respond_now(struct exchange *x)
{
    reply_text(x, "now");
}

static void
respond_late(struct exchange *x)
{
    seen.responded++;
    seen.late = x;
}

static void
write_part(struct exchange *x)
{
    static char part[PART];

    memset(part, 'a', sizeof(part));
    exchange_write(x, (struct str){part, sizeof(part)});
    if (exchange_pending(x) > seen.pending_most)
        seen.pending_most = exchange_pending(x);
}

static void
respond_parts(struct exchange *x)
{
    exchange_begin(x, &(struct exchange_head){.status = 200, .type = "text/plain"});
    write_part(x);
}

static void
drain_parts(struct exchange *x)
{
    if (++seen.drained == PARTS)
        exchange_end(x);
    else
        write_part(x);
}

static void
respond_short(struct exchange *x)
{
    exchange_begin(x, &(struct exchange_head){.status = 200, .has_length = true, .length = 10});
    exchange_write(x, STR_LIT("12345"));
    exchange_end(x);
}

static void
respond_long(struct exchange *x)
{
    exchange_begin(x, &(struct exchange_head){.status = 200, .has_length = true, .length = 3});
    exchange_write(x, STR_LIT("12345"));
    exchange_end(x);
}

static void
respond_echo(struct exchange *x)
{
    struct exchange_reply r = EXCHANGE_REPLY_INIT;

    r.body = x->body;
    exchange_reply(x, &r);
}

static void
respond_stream(struct exchange *x)
{
    seen.late = x;
    if (x->request->content_length == 0 && !x->request->chunked)
        reply_text(x, "no body");
}

static void
take_part(struct exchange *x, struct str part, bool last)
{
    memcpy(seen.body + seen.body_n, part.p, part.n);
    seen.body_n += part.n;
    seen.lasts += last;
    if (seen.pauses && !last)
        exchange_body_pause(x);
    if (last)
        reply_text(x, "got it");
}

static void
respond_tunnel(struct exchange *x)
{
    seen.taken = exchange_detach(x, &seen.rest, &seen.before);
}

static const struct handler handlers[] = {
    {.path = "/now", .methods = HTTP_GET | HTTP_HEAD | HTTP_POST, .respond = respond_now},
    {.path = "/late", .methods = HTTP_GET, .respond = respond_late, .on_abort = on_abort},
    {.path = "/parts",
     .methods = HTTP_GET | HTTP_HEAD,
     .respond = respond_parts,
     .on_drain = drain_parts,
     .on_abort = on_abort},
    {.path = "/short", .methods = HTTP_GET, .respond = respond_short},
    {.path = "/long", .methods = HTTP_GET, .respond = respond_long},
    {.path = "/echo", .methods = HTTP_POST, .respond = respond_echo, .body = HANDLER_BODY_BUFFER},
    {.path = "/stream",
     .methods = HTTP_POST,
     .respond = respond_stream,
     .on_body = take_part,
     .on_abort = on_abort,
     .body = HANDLER_BODY_STREAM},
    {.path = "/tunnel", .methods = HTTP_GET, .respond = respond_tunnel},
};

/* ---- the other side ---- */

static struct route routes_v[ARRAY_LEN(handlers)];
static struct routes routes = {routes_v, ARRAY_LEN(handlers)};

static void
connect_client(void)
{
    struct address peer = {.size = sizeof(sa_family_t)};
    int pair[2];

    peer.any.sa_family = AF_UNIX;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    t.client = pair[0];
    conn_open(&t.group, pair[1], &peer);
}

static int
setup(void **state UNUSED)
{
    struct err err = ERR_INIT;

    memset(&seen, 0, sizeof(seen));
    memset(&t, 0, sizeof(t));
    seen.taken = -1;
    for (size_t i = 0; i < ARRAY_LEN(handlers); i++)
        routes_v[i] = (struct route){
            .handler = &handlers[i], .path = handlers[i].path, .path_n = strlen(handlers[i].path)};
    t.settings = (struct settings){.http = {4094, 100, 8190, 32768},
                                   .body_bytes = 1 << 20,
                                   .connections = 10,
                                   .head_timeout_ms = 10000,
                                   .body_timeout_ms = 10000,
                                   .send_timeout_ms = 10000,
                                   .keep_alive_ms = 10000,
                                   .memory_bytes = 64 << 20};
    assert_int_equal(loop_init(&t.loop, &err), 0);
    conn_group_init(&t.group, &t.loop, &t.settings, &routes);
    connect_client();
    return 0;
}

static int
teardown(void **state UNUSED)
{
    close(t.client);
    conn_group_done(&t.group);
    loop_done(&t.loop);
    return 0;
}

static void
turn(void)
{
    struct err err = ERR_INIT;

    assert_int_equal(loop_turn(&t.loop, &err), 0);
    conn_group_sweep(&t.group);
}

static void
nothing(struct loop_task *task UNUSED)
{
}

/* One turn that does not wait. */
static void
poll_turn(void)
{
    struct loop_task task = {.run = nothing};

    loop_defer(&t.loop, &task);
    turn();
}

static void
send_text(const char *text)
{
    size_t n = strlen(text);

    while (n > 0) {
        ssize_t sent = send(t.client, text, n, MSG_NOSIGNAL);

        if (sent > 0) {
            text += sent;
            n -= (size_t)sent;
        } else {
            assert_int_equal(errno, EAGAIN);
            poll_turn();
        }
    }
}

static void
receive(void)
{
    for (;;) {
        ssize_t n = recv(t.client, t.text + t.n, sizeof(t.text) - t.n - 1, 0);

        if (n < 0)
            return;
        t.ended = t.ended || n == 0;
        if (n == 0)
            return;
        t.n += (size_t)n;
    }
}

/* Until the text has come, or the connection has ended. */
static void
until(const char *wanted)
{
    for (int i = 0; i < TURNS && !t.ended && (wanted == NULL || strstr(t.text, wanted) == NULL);
         i++) {
        poll_turn();
        receive();
    }
}

static void
assert_text(const char *part)
{
    if (strstr(t.text, part) == NULL)
        fail_msg("'%s' is not in '%.500s'", part, t.text);
}

/* ---- the tests ---- */

static void
a_late_answer_keeps_the_order_of_pipelined_requests(void **state UNUSED)
{
    send_text("GET /late HTTP/1.1\r\nHost: a\r\n\r\nGET /now HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int i = 0; i < 20; i++)
        poll_turn();
    receive();
    assert_int_equal(t.n, 0);
    assert_int_equal(seen.responded, 1);
    reply_text(seen.late, "late");
    until("now");
    assert_true(strstr(t.text, "late") < strstr(t.text, "now"));
}

static void
a_client_that_goes_away_aborts_the_exchange_once(void **state UNUSED)
{
    send_text("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
    while (seen.late == NULL)
        poll_turn();
    close(t.client);
    while (t.group.n > 0)
        turn();
    assert_int_equal(seen.aborted, 1);
    t.client = -1;
}

static void
a_client_that_shuts_only_its_side_still_gets_its_answer(void **state UNUSED)
{
    send_text("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
    shutdown(t.client, SHUT_WR);
    for (int i = 0; i < 20; i++)
        poll_turn();
    assert_int_equal(seen.aborted, 0);
    reply_text(seen.late, "late");
    until(NULL);
    assert_text("\r\n\r\nlate");
    assert_true(t.ended);
}

static void
parts_are_chunked_and_wait_for_the_client(void **state UNUSED)
{
    send_text("GET /parts HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int i = 0; i < 50; i++)
        poll_turn(); /* nobody reads */
    assert_true(seen.drained < PARTS);
    until("\r\n0\r\n\r\n");
    assert_text("Transfer-Encoding: chunked\r\n");
    assert_text("\r\n\r\n4000\r\naaaa");
    assert_int_equal(seen.drained, PARTS);
    assert_true(seen.pending_most < 2 * PART);
    assert_true(t.n > PARTS * PART);
    send_text("GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
    until("now");
    assert_text("now");
}

static void
parts_for_an_old_client_end_with_the_connection(void **state UNUSED)
{
    send_text("GET /parts HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    until(NULL);
    assert_true(t.ended);
    assert_null(strstr(t.text, "chunked"));
    assert_text("Connection: close\r\n");
    assert_int_equal(t.n, (size_t)(strstr(t.text, "\r\n\r\n") + 4 - t.text) + PARTS * PART);
}

static void
parts_for_head_have_no_body(void **state UNUSED)
{
    send_text("HEAD /parts HTTP/1.1\r\nHost: a\r\n\r\nGET /now HTTP/1.1\r\nHost: a\r\n\r\n");
    until("now");
    assert_null(strstr(t.text, "aaaa"));
    assert_text("now");
}

static void
a_promise_that_is_not_kept_cuts_the_connection(void **state UNUSED)
{
    send_text("GET /short HTTP/1.1\r\nHost: a\r\n\r\n");
    until(NULL);
    assert_true(t.ended);
}

static void
what_is_beyond_the_promised_length_is_not_sent(void **state UNUSED)
{
    send_text("GET /long HTTP/1.1\r\nHost: a\r\n\r\nGET /now HTTP/1.1\r\nHost: a\r\n\r\n");
    until("now");
    assert_text("\r\n\r\n123HTTP/1.1 200 OK");
}

static void
a_kept_body_is_whole_and_without_its_coding(void **state UNUSED)
{
    send_text("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
              "5\r\nhello\r\n1;x=y\r\n,\r\n6\r\n world\r\n0\r\nT: v\r\n\r\n"
              "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nnext");
    until("next");
    assert_text("Content-Length: 12\r\n\r\nhello, worldHTTP/1.1 200 OK");
    assert_text("\r\n\r\nnext");
}

/* Six bytes on the wire for each of the body. */
static void
a_kept_body_of_tiny_chunks_is_read_in_one_pass(void **state UNUSED)
{
    enum { SIZE = 200 * 1000, CHUNK = 6 };
    char *wire = malloc(SIZE * CHUNK + 16);
    char *expected = malloc(SIZE + 8);

    for (size_t i = 0; i < SIZE; i++) {
        expected[i] = (char)('a' + i % 26);
        memcpy(wire + i * CHUNK, "1\r\n?\r\n", CHUNK);
        wire[i * CHUNK + 3] = expected[i];
    }
    memcpy(wire + SIZE * CHUNK, "0\r\n\r\n", 6);
    memcpy(expected + SIZE, "HTTP/1.", 8);
    send_text("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    send_text(wire);
    send_text("GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
    until("\r\n\r\nnow");
    assert_text("Content-Length: 200000\r\n\r\n");
    assert_memory_equal(strstr(t.text, "\r\n\r\n") + 4, expected, SIZE + 7);
    free(wire);
    free(expected);
}

static void
a_kept_body_is_invited_and_a_dropped_one_is_not(void **state UNUSED)
{
    send_text(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    until("100 Continue\r\n\r\n");
    assert_text("HTTP/1.1 100 Continue\r\n\r\n");
    send_text("hi");
    until("\r\n\r\nhi");
    t.n = 0;
    memset(t.text, 0, 4096);
    send_text("POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    until(NULL);
    assert_null(strstr(t.text, "100 Continue"));
    assert_true(t.ended);
}

static void
stream_body(bool chunked)
{
    enum { SIZE = 300 * 1024 };
    static char text[SIZE + 1];

    memset(text, 'b', SIZE);
    if (chunked)
        send_text(
            "POST /stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4b000\r\n");
    else
        send_text("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 307200\r\n\r\n");
    send_text(text);
    if (chunked)
        send_text("\r\n0\r\n\r\n");
    until("got it");
    assert_text("got it");
    assert_int_equal(seen.lasts, 1);
    assert_int_equal(seen.body_n, SIZE);
}

static void
a_streamed_body_comes_in_parts(void **state UNUSED)
{
    stream_body(false);
    seen.body_n = seen.lasts = 0;
    t.n = 0;
    memset(t.text, 0, 4096);
    stream_body(true);
    send_text("GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
    until("now");
    assert_text("now");
}

static void
a_paused_body_waits(void **state UNUSED)
{
    seen.pauses = true;
    send_text("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
    for (int i = 0; i < 20; i++)
        poll_turn();
    send_text("def");
    for (int i = 0; i < 20; i++)
        poll_turn();
    assert_int_equal(seen.body_n, 3);
    exchange_body_resume(seen.late);
    for (int i = 0; i < 20; i++)
        poll_turn();
    assert_int_equal(seen.body_n, 6);
    exchange_body_resume(seen.late);
    until("got it");
    assert_memory_equal(seen.body, "abcdef", 6);
    assert_int_equal(seen.lasts, 1);
}

static void
a_broken_stream_aborts_and_is_refused(void **state UNUSED)
{
    send_text("POST /stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX");
    until(NULL);
    assert_int_equal(seen.aborted, 1);
    assert_text("HTTP/1.1 400 Bad Request");
    assert_true(t.ended);
}

static void
an_answer_before_the_body_has_come_ends_the_connection(void **state UNUSED)
{
    send_text("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
    while (seen.body_n < 3)
        poll_turn();
    reply_text(seen.late, "enough");
    until("enough");
    assert_text("Connection: close\r\n");
    shutdown(t.client, SHUT_WR);
    until(NULL);
    assert_true(t.ended);
}

static void
a_detached_socket_brings_what_was_read_of_it(void **state UNUSED)
{
    char out[8];

    send_text("GET /tunnel HTTP/1.1\r\nHost: a\r\n\r\nraw");
    while (seen.taken < 0)
        poll_turn();
    assert_int_equal(iobuf_n(&seen.rest), 3);
    assert_memory_equal(seen.rest.p + seen.rest.start, "raw", 3);
    assert_int_equal(iobuf_n(&seen.before), 0);
    assert_int_equal(t.group.n, 1);
    assert_int_equal(send(seen.taken, "up", 2, 0), 2);
    assert_int_equal(recv(t.client, out, sizeof(out), 0), 2);
    close(seen.taken);
    iobuf_release(&seen.rest);
    conn_group_returned(&t.group);
    assert_int_equal(t.group.n, 0);
}

static void
buffers_are_counted_and_given_back(void **state UNUSED)
{
    send_text("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc");
    for (int i = 0; i < 20; i++)
        poll_turn();
    assert_true(t.group.in_pool.used > 0);
    close(t.client);
    while (t.group.n > 0)
        turn();
    assert_int_equal(t.group.in_pool.used, 0);
    assert_int_equal(t.group.out_pool.used, 0);
    t.client = -1;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_late_answer_keeps_the_order_of_pipelined_requests),
        TEST(a_client_that_goes_away_aborts_the_exchange_once),
        TEST(a_client_that_shuts_only_its_side_still_gets_its_answer),
        TEST(parts_are_chunked_and_wait_for_the_client),
        TEST(parts_for_an_old_client_end_with_the_connection),
        TEST(parts_for_head_have_no_body),
        TEST(a_promise_that_is_not_kept_cuts_the_connection),
        TEST(what_is_beyond_the_promised_length_is_not_sent),
        TEST(a_kept_body_is_whole_and_without_its_coding),
        TEST(a_kept_body_of_tiny_chunks_is_read_in_one_pass),
        TEST(a_kept_body_is_invited_and_a_dropped_one_is_not),
        TEST(a_streamed_body_comes_in_parts),
        TEST(a_paused_body_waits),
        TEST(a_broken_stream_aborts_and_is_refused),
        TEST(an_answer_before_the_body_has_come_ends_the_connection),
        TEST(a_detached_socket_brings_what_was_read_of_it),
        TEST(buffers_are_counted_and_given_back),
    };

    return cmocka_run_group_tests_name("server/conn", tests, NULL, NULL);
}
