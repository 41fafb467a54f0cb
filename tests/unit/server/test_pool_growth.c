/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/attr.h"
#include "server/pool_growth.h"

enum { TICK_US = 10000 };

/* Jobs that wait and compute, as many as threads, up to what the CPU gives. */
struct load {
    double wait_us, cpu_us, cpus;
    double most; /* jobs a second, whatever the threads; 0: no such bound */
    struct pool_sample s;
    double done, cpu;
};

static void
tick(struct load *l, struct pool_growth *g)
{
    double rate = g->wanted * 1e6 / (l->wait_us + l->cpu_us);
    double bound = l->cpus * 1e6 / l->cpu_us;

    rate = rate < bound ? rate : bound;
    if (l->most > 0 && rate > l->most)
        rate = l->most;
    l->done += rate * TICK_US / 1e6;
    l->cpu += rate * l->cpu_us * TICK_US / 1e6;
    l->s.now_us += TICK_US;
    l->s.done = (uint64_t)l->done;
    l->s.cpu_us = (int64_t)l->cpu;
    l->s.pressed = true;
    pool_growth_tick(g, &l->s);
}

static unsigned
after_ms(struct load *l, struct pool_growth *g, int ms)
{
    for (int i = 0; i < ms / 10; i++)
        tick(l, g);
    return g->wanted;
}

static void
jobs_that_wait_get_threads_until_the_cpu_is_used(void **state)
{
    static const struct {
        double cpus, wait_us, cpu_us;
        unsigned least, most; /* of threads, after a second */
    } cases[] = {
        {1, 5000, 500, 11, 64}, {0.5, 5000, 500, 8, 33}, {0.25, 5000, 500, 8, 16},
        {2, 5000, 500, 22, 64}, {1, 50000, 500, 64, 64}, {1, 1e6, 500, 64, 64},
        {1, 500, 500, 2, 12},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct load l = {cases[i].wait_us, cases[i].cpu_us, cases[i].cpus, 0, {.done = 0}, 0, 0};
        struct pool_growth g;

        pool_growth_init(&g, 64, cases[i].cpus);
        assert_in_range(after_ms(&l, &g, 1000), cases[i].least, cases[i].most);
    }
}

static void
the_first_jobs_do_not_wait_for_slow_growth(void **state)
{
    struct load l = {1e6, 100, 1, 0, {.done = 0}, 0, 0};
    struct pool_growth g;

    (void)state;
    pool_growth_init(&g, 64, 1);
    assert_int_equal(after_ms(&l, &g, 100), 64);
}

static void
jobs_that_compute_need_one_thread(void **state)
{
    struct load l = {0, 500, 1, 0, {.done = 0}, 0, 0};
    struct pool_growth g;
    unsigned in_vain = 0;

    (void)state;
    pool_growth_init(&g, 64, 1);
    for (int i = 0; i < 100; i++) {
        unsigned n = after_ms(&l, &g, 1000);

        assert_true(n <= 2);
        in_vain += n == 2;
    }
    /* It was tried, but not for long. */
    assert_in_range(in_vain, 0, 5);
}

/* Half a CPU on two: bursts of 25 ms, and gaps. */
static void
a_gap_in_the_period_is_no_idle_cpu(void **state)
{
    struct pool_growth g;
    struct pool_sample s = {.pressed = true};

    (void)state;
    pool_growth_init(&g, 64, 0.5);
    for (int i = 0; i < 1000; i++) {
        s.now_us += i % 3 == 2 ? 80000 : TICK_US;
        s.cpu_us += i % 3 == 2 ? 10000 : 2 * TICK_US;
        s.done += 20;
        assert_true(pool_growth_tick(&g, &s) <= 2);
    }
}

static void
growth_in_vain_is_taken_back_and_tried_more_and_more_rarely(void **state)
{
    /* The database gives 1400 a second and no more, at 0.7 of the CPU. */
    struct load l = {5000, 500, 1, 1400, {.done = 0}, 0, 0};
    struct pool_growth g;
    unsigned changes = 0, in_vain = 0;
    unsigned last;

    (void)state;
    pool_growth_init(&g, 64, 1);
    last = after_ms(&l, &g, 2000);
    assert_in_range(last, 8, 16);
    for (int i = 0; i < 60; i++) {
        unsigned now = after_ms(&l, &g, 1000);

        changes += now != last;
        last = now;
        in_vain += now > 16;
    }
    assert_true(changes <= 10);
    assert_true(in_vain <= 5);
}

static void
nothing_grows_without_a_queue(void **state)
{
    struct pool_growth g;
    struct pool_sample s = {.pressed = false};

    (void)state;
    pool_growth_init(&g, 64, 1);
    for (int i = 0; i < 100; i++) {
        s.now_us += TICK_US;
        s.pressed = i % 2 == 0; /* a glance at a queue is no queue */
        assert_int_equal(pool_growth_tick(&g, &s), 1);
    }
}

static void
it_shrinks_to_one(void **state)
{
    struct pool_growth g;

    (void)state;
    pool_growth_init(&g, 64, 1);
    g.wanted = 3;
    for (unsigned n = 2; n > 0; n--) {
        pool_growth_shrink(&g);
        assert_int_equal(g.wanted, n);
    }
    pool_growth_shrink(&g);
    assert_int_equal(g.wanted, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_that_wait_get_threads_until_the_cpu_is_used),
        cmocka_unit_test(the_first_jobs_do_not_wait_for_slow_growth),
        cmocka_unit_test(jobs_that_compute_need_one_thread),
        cmocka_unit_test(a_gap_in_the_period_is_no_idle_cpu),
        cmocka_unit_test(growth_in_vain_is_taken_back_and_tried_more_and_more_rarely),
        cmocka_unit_test(nothing_grows_without_a_queue),
        cmocka_unit_test(it_shrinks_to_one),
    };
    return cmocka_run_group_tests_name("server/pool_growth", tests, NULL, NULL);
}
