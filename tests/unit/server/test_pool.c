/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/err.h"
#include "server/loop.h"
#include "server/pool.h"

enum { MANY = 500, PART = 64 * 1024, PARTS = 40 };

static struct loop loop;
static struct pool *pool;
static int opened, closed; /* locals; atomic by the pool's lock being between */
static atomic_int interrupts, running, running_most;
static atomic_bool gate;

static void *
open_local(void *ctx, struct err *err)
{
    (void)ctx;
    (void)err;
    __atomic_fetch_add(&opened, 1, __ATOMIC_SEQ_CST);
    return &opened;
}

static void
close_local(void *local)
{
    assert_ptr_equal(local, &opened);
    __atomic_fetch_add(&closed, 1, __ATOMIC_SEQ_CST);
}

static void
interrupt_local(void *local)
{
    assert_ptr_equal(local, &opened);
    interrupts++;
}

static void
begin(struct pool_opts opts)
{
    static const struct pool_local local = {NULL, open_local, close_local, interrupt_local};
    struct err err = ERR_INIT;

    if (opts.queue_timeout_ms == 0)
        opts.queue_timeout_ms = 60000;
    if (opts.run_timeout_ms == 0)
        opts.run_timeout_ms = 60000;
    if (opts.max_threads == 0)
        opts.max_threads = 16;
    opened = closed = 0;
    interrupts = running = running_most = 0;
    gate = false;
    assert_int_equal(loop_init(&loop, &err), 0);
    pool = pool_new(&loop, &opts, &err);
    assert_non_null(pool);
    pool_set_local(pool, &local);
}

static void
end(void)
{
    assert_true(pool_free(pool));
    assert_int_equal(opened, closed);
    loop_done(&loop);
}

static void
turn_until(const int *n, int wanted)
{
    struct err err = ERR_INIT;

    while (*n < wanted)
        assert_int_equal(loop_turn(&loop, &err), 0);
}

struct task {
    struct pool_job job;
    int *done;
    enum pool_end end;
    bool ran, timed_out, posted_all;
    size_t received, behind_most;
};

static void
on_done(struct pool_job *job, enum pool_end how)
{
    struct task *t = (struct task *)job;

    t->end = how;
    t->timed_out = job->timed_out;
    ++*t->done;
}

static void
run_quick(struct pool_job *job, struct pool_thread *thread)
{
    struct err err = ERR_INIT;

    assert_non_null(pool_thread_local(thread, &err));
    ((struct task *)job)->ran = true;
}

static void
pause_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* Until the gate is open, or, with a local, until it is interrupted. */
static void
run_gated(struct pool_job *job, struct pool_thread *thread)
{
    struct err err = ERR_INIT;
    int most = ++running;

    assert_non_null(pool_thread_local(thread, &err));
    while (running_most < most)
        running_most = most;
    while (!gate && interrupts == 0)
        pause_ms(1);
    running--;
    ((struct task *)job)->ran = true;
}

static struct task
task(void (*run)(struct pool_job *, struct pool_thread *), int *done)
{
    return (struct task){.job = {.run = run, .done = on_done}, .done = done};
}

static void
every_job_runs_once_and_is_done_in_the_loop(void **state)
{
    static struct task tasks[MANY];
    int done = 0;

    (void)state;
    begin((struct pool_opts){.threads = 4});
    assert_int_equal(pool_gauges(pool).threads, 0);
    for (int i = 0; i < MANY; i++) {
        tasks[i] = task(run_quick, &done);
        pool_submit(pool, &tasks[i].job);
    }
    turn_until(&done, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_true(tasks[i].ran);
        assert_int_equal(tasks[i].end, POOL_RAN);
    }
    assert_in_range(pool_gauges(pool).threads, 1, 4);
    end();
}

static void
a_fixed_pool_runs_as_many_as_it_has_threads(void **state)
{
    struct task tasks[8];
    int done = 0;

    (void)state;
    begin((struct pool_opts){.threads = 3});
    for (size_t i = 0; i < ARRAY_LEN(tasks); i++) {
        tasks[i] = task(run_gated, &done);
        pool_submit(pool, &tasks[i].job);
    }
    while (running < 3)
        pause_ms(1);
    assert_int_equal(pool_gauges(pool).busy, 3);
    assert_int_equal(pool_gauges(pool).queued, 5);
    gate = true;
    turn_until(&done, (int)ARRAY_LEN(tasks));
    assert_int_equal(running_most, 3);
    end();
}

static void
a_pool_grows_while_jobs_wait_and_the_cpu_does_not_work(void **state)
{
    struct task tasks[12];
    int done = 0;

    (void)state;
    begin((struct pool_opts){.max_threads = 8, .cpus = 1});
    for (size_t i = 0; i < ARRAY_LEN(tasks); i++) {
        tasks[i] = task(run_gated, &done);
        pool_submit(pool, &tasks[i].job);
    }
    while (running < 8) {
        struct err err = ERR_INIT;

        assert_int_equal(loop_turn(&loop, &err), 0);
    }
    assert_int_equal(pool_gauges(pool).threads, 8);
    gate = true;
    turn_until(&done, (int)ARRAY_LEN(tasks));
    assert_int_equal(running_most, 8);
    end();
}

static void
jobs_that_wait_too_long_are_given_back(void **state)
{
    struct task first, second;
    int done = 0;

    (void)state;
    begin((struct pool_opts){.threads = 1, .queue_timeout_ms = 20});
    first = task(run_gated, &done);
    second = task(run_quick, &done);
    pool_submit(pool, &first.job);
    while (running < 1)
        pause_ms(1);
    pool_submit(pool, &second.job);
    turn_until(&done, 1);
    assert_int_equal(second.end, POOL_EXPIRED);
    assert_false(second.ran);
    gate = true;
    turn_until(&done, 2);
    assert_int_equal(first.end, POOL_RAN);
    end();
}

static void
jobs_that_run_too_long_are_interrupted(void **state)
{
    struct task t;
    int done = 0;

    (void)state;
    begin((struct pool_opts){.threads = 1, .run_timeout_ms = 20});
    t = task(run_gated, &done);
    pool_submit(pool, &t.job);
    turn_until(&done, 1);
    assert_true(t.timed_out);
    assert_true(interrupts > 0);
    end();
}

static void
a_job_may_be_cancelled_before_and_while_it_runs(void **state)
{
    struct task running_task, queued;
    int done = 0;

    (void)state;
    begin((struct pool_opts){.threads = 1});
    running_task = task(run_gated, &done);
    queued = task(run_quick, &done);
    pool_submit(pool, &running_task.job);
    while (running < 1)
        pause_ms(1);
    pool_submit(pool, &queued.job);
    pool_cancel(pool, &queued.job);
    assert_int_equal(done, 1);
    assert_int_equal(queued.end, POOL_CANCELLED);
    assert_int_equal(interrupts, 0);
    pool_cancel(pool, &running_task.job);
    turn_until(&done, 2);
    assert_true(interrupts > 0);
    end();
}

static void
run_posting(struct pool_job *job, struct pool_thread *thread)
{
    static const char bytes[PART];
    struct task *t = (struct task *)job;
    int i;

    for (i = 0; i < PARTS && pool_thread_post(thread, (struct str){bytes, PART}); i++)
        ;
    t->posted_all = i == PARTS;
}

static void
on_part(struct pool_job *job, struct str part)
{
    struct task *t = (struct task *)job;

    t->received += part.n;
    t->behind_most += part.n;
}

static void
parts_come_no_faster_than_they_are_sent(void **state)
{
    struct err err = ERR_INIT;
    struct task t;
    int done = 0;

    (void)state;
    begin((struct pool_opts){.threads = 1});
    t = task(run_posting, &done);
    t.job.part = on_part;
    pool_submit(pool, &t.job);
    while (done == 0) {
        t.behind_most = 0;
        do
            assert_int_equal(loop_turn(&loop, &err), 0);
        while (done == 0 && t.behind_most <= 4 * PART);
        assert_true(t.behind_most <= 5 * PART);
        if (done == 0)
            pool_sent(pool, &t.job);
    }
    assert_true(t.posted_all);
    assert_int_equal(t.received, PART * PARTS);
    end();
}

static void
a_job_that_waits_for_room_can_be_cancelled(void **state)
{
    struct err err = ERR_INIT;
    struct task t;
    int done = 0;

    (void)state;
    begin((struct pool_opts){.threads = 1});
    t = task(run_posting, &done);
    t.job.part = on_part;
    pool_submit(pool, &t.job);
    while (t.received <= 4 * PART)
        assert_int_equal(loop_turn(&loop, &err), 0);
    pool_cancel(pool, &t.job);
    turn_until(&done, 1);
    assert_false(t.posted_all);
    end();
}

static void
a_slow_client_is_not_held_against_the_job(void **state)
{
    struct err err = ERR_INIT;
    int64_t until;
    struct task t;
    int done = 0;

    (void)state;
    begin((struct pool_opts){.threads = 1, .run_timeout_ms = 100});
    t = task(run_posting, &done);
    t.job.part = on_part;
    pool_submit(pool, &t.job);
    while (t.received <= 4 * PART)
        assert_int_equal(loop_turn(&loop, &err), 0);
    until = clock_monotonic_ms(clock_system()) + 200;
    while (clock_monotonic_ms(clock_system()) < until)
        assert_int_equal(loop_turn(&loop, &err), 0);
    assert_int_equal(done, 0);
    assert_false(t.job.timed_out);
    while (done == 0) {
        pool_sent(pool, &t.job);
        assert_int_equal(loop_turn(&loop, &err), 0);
    }
    assert_true(t.posted_all);
    end();
}

static void
the_end_interrupts_what_runs_and_gives_back_the_rest(void **state)
{
    struct task tasks[3];
    int done = 0;

    (void)state;
    begin((struct pool_opts){.threads = 1});
    for (size_t i = 0; i < ARRAY_LEN(tasks); i++) {
        tasks[i] = task(run_gated, &done);
        pool_submit(pool, &tasks[i].job);
    }
    while (running < 1)
        pause_ms(1);
    end();
    assert_int_equal(done, 3);
    assert_int_equal(tasks[0].end, POOL_RAN);
    assert_int_equal(tasks[1].end, POOL_CANCELLED);
    assert_int_equal(tasks[2].end, POOL_CANCELLED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_runs_once_and_is_done_in_the_loop),
        cmocka_unit_test(a_fixed_pool_runs_as_many_as_it_has_threads),
        cmocka_unit_test(a_pool_grows_while_jobs_wait_and_the_cpu_does_not_work),
        cmocka_unit_test(jobs_that_wait_too_long_are_given_back),
        cmocka_unit_test(jobs_that_run_too_long_are_interrupted),
        cmocka_unit_test(a_job_may_be_cancelled_before_and_while_it_runs),
        cmocka_unit_test(parts_come_no_faster_than_they_are_sent),
        cmocka_unit_test(a_job_that_waits_for_room_can_be_cancelled),
        cmocka_unit_test(a_slow_client_is_not_held_against_the_job),
        cmocka_unit_test(the_end_interrupts_what_runs_and_gives_back_the_rest),
    };
    return cmocka_run_group_tests_name("server/pool", tests, NULL, NULL);
}
