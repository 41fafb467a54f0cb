/* SPDX-License-Identifier: Apache-2.0 */
#include "server/emf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"

enum { TEXT_MAX = 64 * 1024 };

static void
a_line_tells_what_happened_since_the_last_one(void **state)
{
    cleanup_buf struct buf line = BUF_INIT(TEXT_MAX);
    struct metrics before = {.restarts = 1, .has_throttle = true, .throttle = {0, 0, 500}};
    struct metrics now = {.ready = 2,
                          .restarts = 3,
                          .cpus = 0.25,
                          .source = "x",
                          .has_throttle = true,
                          .throttle = {0, 0, 2000}};

    (void)state;
    before.total.counters[STATS_REQUESTS] = 100;
    before.total.buckets[STATS_BOUNDS] = 100;
    now.total.counters[STATS_REQUESTS] = 102;
    now.total.counters[STATS_5XX] = 1;
    now.total.buckets[STATS_BOUNDS] = 100;
    now.total.buckets[0] = 2;
    emf_line("My/Name", 1700000000123, &before, &now, &line);
    assert_string_equal(
        buf_cstr(&line),
        "{\"_aws\":{\"Timestamp\":1700000000123,\"CloudWatchMetrics\":[{\"Namespace\":\"My/Name\","
        "\"Dimensions\":[[]],\"Metrics\":["
        "{\"Name\":\"Requests\",\"Unit\":\"Count\"},{\"Name\":\"Errors5xx\",\"Unit\":\"Count\"},"
        "{\"Name\":\"LatencyP50\",\"Unit\":\"Milliseconds\"},"
        "{\"Name\":\"LatencyP99\",\"Unit\":\"Milliseconds\"},"
        "{\"Name\":\"Connections\",\"Unit\":\"Count\"},{\"Name\":\"Workers\",\"Unit\":\"Count\"},"
        "{\"Name\":\"WorkerRestarts\",\"Unit\":\"Count\"},{\"Name\":\"CpuLimit\",\"Unit\":\"None\"}"
        ","
        "{\"Name\":\"CpuThrottled\",\"Unit\":\"Milliseconds\"},"
        "{\"Name\":\"AccessLogDropped\",\"Unit\":\"Count\"}]}]},\"CpuLimitSource\":\"x\","
        "\"Requests\":2,\"Errors5xx\":1,\"LatencyP50\":0.25,\"LatencyP99\":0.495,\"Connections\":0,"
        "\"Workers\":2,\"WorkerRestarts\":2,\"CpuLimit\":0.25,\"CpuThrottled\":1.5,"
        "\"AccessLogDropped\":0}\n");
}

static void
what_is_not_known_is_left_out(void **state)
{
    cleanup_buf struct buf line = BUF_INIT(TEXT_MAX);
    struct metrics m = {.ready = 1};

    (void)state;
    emf_line("a", 0, &m, &m, &line);
    assert_null(strstr(buf_cstr(&line), "Latency"));
    assert_null(strstr(buf_cstr(&line), "CpuThrottled"));
    assert_null(strstr(buf_cstr(&line), "\"CpuLimit\""));
    assert_non_null(strstr(buf_cstr(&line), "\"Requests\":0"));
}

static void
a_line_comes_when_it_is_due_and_waits_for_nobody(void **state)
{
    struct err err = ERR_INIT;
    struct stats *s = stats_open(1, &err);
    struct emf e;
    char full[4096] = {0};
    int ends[2];

    (void)state;
    assert_non_null(s);
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    emf_open(&e, NULL, 1000, s, 0);
    assert_int_equal(emf_next_ms(&e), -1);
    emf_close(&e);
    emf_open(&e, "a", 1000, s, 50);
    close(e.fd);
    e.fd = ends[1];
    assert_int_equal(emf_next_ms(&e), 1050);
    emf_tick(&e, s, 1049, false);
    assert_int_equal(read(ends[0], full, sizeof(full)), -1);
    emf_tick(&e, s, 1060, false);
    assert_true(read(ends[0], full, sizeof(full)) > 0);
    assert_int_equal(emf_next_ms(&e), 2060);
    while (write(ends[1], full, sizeof(full)) > 0)
        ;
    stats_add(stats_claim(s, 0), STATS_REQUESTS, 5);
    emf_tick(&e, s, 2060, false);
    assert_int_equal(e.before.total.counters[STATS_REQUESTS], 0);
    while (read(ends[0], full, sizeof(full)) > 0)
        ;
    /* What was left out comes with the next one. */
    emf_tick(&e, s, 2061, true);
    assert_true(read(ends[0], full, sizeof(full)) > 0);
    assert_non_null(strstr(full, "\"Requests\":5,"));
    emf_close(&e);
    close(ends[0]);
    stats_close(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_tells_what_happened_since_the_last_one),
        cmocka_unit_test(what_is_not_known_is_left_out),
        cmocka_unit_test(a_line_comes_when_it_is_due_and_waits_for_nobody),
    };
    return cmocka_run_group_tests_name("server/emf", tests, NULL, NULL);
}
