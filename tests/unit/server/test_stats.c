/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"

static int
open_stats(void **state)
{
    struct err err = ERR_INIT;

    *state = stats_open(3, &err);
    return *state == NULL ? -1 : 0;
}

static int
close_stats(void **state)
{
    stats_close(*state);
    return 0;
}

static void
slots_are_given_until_there_are_no_more(void **state)
{
    struct stats *s = *state;
    struct stats_slot *slots[3];

    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(stats_used(s), i);
        slots[i] = stats_claim(s, 7 + i);
        assert_ptr_equal(slots[i], &s->slots[i]);
        assert_int_equal(slots[i]->seat, 7 + i);
        assert_int_equal(slots[i]->state, STATS_STARTING);
    }
    assert_null(stats_claim(s, 1));
    stats_release(slots[1]);
    assert_ptr_equal(stats_claim(s, 1), slots[1]);
    assert_int_equal(slots[1]->generation, 2);
    assert_int_equal(slots[0]->generation, 1);
}

static void
a_slot_used_again_counts_on_but_forgets_what_is_now(void **state)
{
    struct stats *s = *state;
    struct stats_slot *slot = stats_claim(s, 0);

    stats_add(slot, STATS_REQUESTS, 5);
    stats_add(slot, STATS_CONNECTIONS, 2);
    slot->order = STATS_RETIRED;
    slot->deadline_ms = 5;
    slot->spent = true;
    slot->heartbeat_ms = 9;
    stats_release(slot);
    assert_int_equal(stats_get(slot, STATS_CONNECTIONS), 0);
    slot = stats_claim(s, 0);
    assert_int_equal(stats_get(slot, STATS_REQUESTS), 5);
    assert_int_equal(slot->order, STATS_STOP);
    assert_int_equal(slot->deadline_ms, 0);
    assert_int_equal(slot->heartbeat_ms, 0);
    assert_false(slot->spent);
}

static void
the_sum_is_over_all_slots_and_those_ready(void **state)
{
    struct stats *s = *state;
    struct stats_slot *a = stats_claim(s, 0);
    struct stats_slot *b = stats_claim(s, 1);
    struct stats_total total;

    stats_add(a, STATS_BYTES_OUT, 10);
    stats_add(b, STATS_BYTES_OUT, 20);
    stats_observe(b, 700);
    b->state = STATS_READY;
    stats_release(a);
    stats_sum(s, &total);
    assert_int_equal(total.counters[STATS_BYTES_OUT], 30);
    assert_int_equal(total.counters[STATS_LATENCY_US], 700);
    assert_int_equal(total.buckets[1], 1);
    assert_int_equal(total.ready, 1);
}

static void
times_fall_into_the_bucket_that_holds_them(void **state)
{
    static const struct {
        uint64_t us;
        int bucket;
    } cases[] = {
        {0, 0},        {500, 0},       {501, 1},       {1000, 1},
        {9999999, 13}, {10000000, 13}, {10000001, 14}, {UINT32_MAX, 14},
    };
    struct stats_slot *slot = stats_claim(*state, 0);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t before = slot->buckets[cases[i].bucket];

        stats_observe(slot, cases[i].us);
        assert_int_equal(slot->buckets[cases[i].bucket], before + 1);
    }
    for (size_t i = 1; i < STATS_BOUNDS; i++)
        assert_true(stats_bounds_us[i - 1] < stats_bounds_us[i]);
}

static void
classes_follow_the_first_digit(void **state)
{
    (void)state;
    assert_int_equal(stats_class(101), STATS_1XX);
    assert_int_equal(stats_class(204), STATS_2XX);
    assert_int_equal(stats_class(304), STATS_3XX);
    assert_int_equal(stats_class(499), STATS_4XX);
    assert_int_equal(stats_class(503), STATS_5XX);
    assert_int_equal(stats_class(0), STATS_5XX);
    assert_int_equal(stats_class(999), STATS_5XX);
}

static void
the_cpus_come_with_their_source(void **state)
{
    char longer[STATS_SOURCE_MAX + 20];
    char source[STATS_SOURCE_MAX];
    double cpus;

    stats_set_cpus(*state, 0.25, "cgroup v1 /x");
    stats_cpus(*state, &cpus, source);
    assert_true(cpus == 0.25);
    assert_string_equal(source, "cgroup v1 /x");
    ((struct stats *)*state)->workers = 2;
    assert_true(stats_share(*state) == 0.125);
    ((struct stats *)*state)->workers = 0;
    assert_true(stats_share(*state) == 0.25);
    memset(longer, 'a', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    stats_set_cpus(*state, 2, longer);
    stats_cpus(*state, &cpus, source);
    assert_int_equal(strlen(source), STATS_SOURCE_MAX - 1);
}

static void
what_a_child_counts_is_seen_and_wakes_the_parent(void **state)
{
    struct stats *s = *state;
    struct stats_slot *slot = stats_claim(s, 0);
    uint64_t times = 0;
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        stats_add(slot, STATS_REQUESTS, 3);
        stats_wake(s);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(stats_get(slot, STATS_REQUESTS), 3);
    assert_int_equal(read(s->wake_fd, &times, sizeof(times)), sizeof(times));
    assert_int_equal(times, 1);
}

static void
slots_do_not_share_cache_lines(void **state)
{
    struct stats *s = *state;

    assert_int_equal((uintptr_t)&s->slots[0] % 64, 0);
    assert_int_equal(sizeof(s->slots[0]) % 64, 0);
    assert_int_equal((uintptr_t)s->slots[0].counters % 64, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_stats, close_stats)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(slots_are_given_until_there_are_no_more),
        TEST(a_slot_used_again_counts_on_but_forgets_what_is_now),
        TEST(the_sum_is_over_all_slots_and_those_ready),
        TEST(times_fall_into_the_bucket_that_holds_them),
        cmocka_unit_test(classes_follow_the_first_digit),
        TEST(the_cpus_come_with_their_source),
        TEST(what_a_child_counts_is_seen_and_wakes_the_parent),
        TEST(slots_do_not_share_cache_lines),
    };

    return cmocka_run_group_tests_name("server/stats", tests, NULL, NULL);
}
