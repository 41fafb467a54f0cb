/* SPDX-License-Identifier: Apache-2.0 */
#include "server/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"

enum { TEXT_MAX = 64 * 1024 };

static void
assert_near(double got, double want)
{
    if (got < want - 1e-6 || got > want + 1e-6)
        fail_msg("%f instead of %f", got, want);
}

static void
quantiles_lie_within_their_bucket(void **state)
{
    uint64_t none[STATS_BUCKETS] = {0};
    uint64_t first[STATS_BUCKETS] = {100};
    uint64_t split[STATS_BUCKETS] = {50, 0, 50};
    uint64_t above[STATS_BUCKETS] = {0};

    (void)state;
    above[STATS_BOUNDS] = 1;
    assert_near(metrics_quantile(none, 0.5), -1);
    assert_near(metrics_quantile(first, 0.5), 250);
    assert_near(metrics_quantile(first, 1), 500);
    assert_near(metrics_quantile(split, 0.5), 500);
    assert_near(metrics_quantile(split, 0.75), 1750);
    assert_near(metrics_quantile(split, 0.99), 1000 + 1500 * 0.98);
    assert_near(metrics_quantile(above, 0.5), 10000000);
}

static void
sums_over_all_slots_are_told(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    struct err err = ERR_INIT;
    struct stats *s = stats_open(3, &err);
    struct metrics m;

    (void)state;
    assert_non_null(s);
    stats_set_cpus(s, 0.5, "a \"source\"\\\n");
    s->workers = 2;
    s->restarts = 4;
    for (unsigned i = 0; i < 2; i++) {
        struct stats_slot *slot = stats_claim(s, i);

        slot->pid = getpid();
        slot->state = i == 0 ? STATS_READY : STATS_DRAINING;
        stats_add(slot, STATS_REQUESTS, 2);
        stats_add(slot, STATS_4XX, 1);
        stats_observe(slot, 400);
        stats_observe(slot, 1500000);
    }
    metrics_read(s, NULL, getpid(), &m);
    assert_true(m.memory_bytes > 0);
    assert_false(m.has_throttle);
    metrics_text(&m, &text);
    assert_int_equal(buf_finish(&text, &err), 0);
    for (const char *const *line =
             (const char *const[]){
                 "berthd_requests_total 4\n", "berthd_responses_total{class=\"4xx\"} 2\n",
                 "berthd_request_duration_seconds_bucket{le=\"0.0005\"} 2\n",
                 "berthd_request_duration_seconds_bucket{le=\"1\"} 2\n",
                 "berthd_request_duration_seconds_bucket{le=\"2.5\"} 4\n",
                 "berthd_request_duration_seconds_bucket{le=\"+Inf\"} 4\n",
                 "berthd_request_duration_seconds_sum 3.000800\n",
                 "berthd_request_duration_seconds_count 4\n", "berthd_workers{state=\"ready\"} 1\n",
                 "berthd_workers{state=\"draining\"} 1\n", "berthd_workers_wanted 2\n",
                 "berthd_worker_restarts_total 4\n",
                 "berthd_cpu_limit{source=\"a \\\"source\\\"\\\\\\n\"} 0.5\n", NULL};
         *line != NULL; line++) {
        if (strstr(buf_cstr(&text), *line) == NULL)
            fail_msg("no line %s in\n%s", *line, buf_cstr(&text));
    }
    assert_null(strstr(buf_cstr(&text), "throttled"));
    stats_close(s);
}

static void
the_quota_is_told_where_it_is_known(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    struct metrics m = {.has_throttle = true, .throttle = {10, 4, 2500001}};

    (void)state;
    metrics_text(&m, &text);
    assert_non_null(strstr(buf_cstr(&text), "\nberthd_cgroup_throttled_seconds_total 2.500001\n"));
    assert_non_null(strstr(buf_cstr(&text), "\nberthd_cgroup_periods_total 10\n"));
    assert_non_null(strstr(buf_cstr(&text), "\nberthd_cgroup_throttled_periods_total 4\n"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_lie_within_their_bucket),
        cmocka_unit_test(sums_over_all_slots_are_told),
        cmocka_unit_test(the_quota_is_told_where_it_is_known),
    };
    return cmocka_run_group_tests_name("server/metrics", tests, NULL, NULL);
}
