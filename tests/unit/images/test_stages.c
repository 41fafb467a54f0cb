/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/err.h"
#include "images/stages.h"

enum { CHUNK = 16, CHUNKS_MAX = 1000, THREADS_MAX = 8 };

enum { FIRST, MIDDLE, LAST, N_STAGES };

/* What the stages saw; each field has one stage that writes it, or one thread. */
struct seen {
    unsigned first, last;             /* chunks so far */
    unsigned char middle[CHUNKS_MAX]; /* by chunk number: how often */
    unsigned working[THREADS_MAX];    /* calls of MIDDLE under way on that thread */
    bool wrong;
    bool ended;
    unsigned fail_at; /* chunk whose MIDDLE fails */
};

static unsigned
number_of(const struct stages_chunk *c)
{
    unsigned n = 0;

    if (c->in_n >= sizeof(n))
        memcpy(&n, c->in, sizeof(n));
    return n;
}

static int
first(void *ctx, unsigned thread, struct stages_chunk *c, struct err *err)
{
    struct seen *s = ctx;

    (void)thread;
    (void)err;
    s->wrong |= number_of(c) != s->first++;
    return 0;
}

/* Takes longer for some chunks, so that they overtake each other. */
static int
middle(void *ctx, unsigned thread, struct stages_chunk *c, struct err *err)
{
    struct seen *s = ctx;
    unsigned n = number_of(c);
    struct timespec pause = {0, n % 5 == 0 ? 300000 : 0};

    s->working[thread]++;
    nanosleep(&pause, NULL);
    s->middle[n]++;
    c->crc = n;
    s->working[thread]--;
    return n == s->fail_at ? err_set(err, ERR_IO, "chunk %u", n) : 0;
}

static int
last(void *ctx, unsigned thread, struct stages_chunk *c, struct err *err)
{
    struct seen *s = ctx;

    (void)thread;
    (void)err;
    s->wrong |= s->ended || c->crc != s->last || s->middle[s->last] != 1;
    s->last++;
    s->ended = c->last;
    return 0;
}

static const struct stage stages[N_STAGES] = {
    [FIRST] = {true, -1, first},
    [MIDDLE] = {false, -1, middle},
    [LAST] = {true, MIDDLE, last},
};

static int
pass(struct seen *seen, unsigned n, unsigned threads, struct err *err)
{
    const struct stages_opts opts = {stages, N_STAGES, seen, CHUNK, threads};
    cleanup_stages struct stages *s = stages_new(&opts);

    for (unsigned i = 0; i < n; i++) {
        unsigned char chunk[CHUNK] = {0};

        memcpy(chunk, &i, sizeof(i));
        if (stages_write(s, chunk, sizeof(chunk), err) < 0)
            return -1;
    }
    return stages_finish(s, err);
}

static void
every_chunk_passes_each_stage_once_and_in_order(void **state)
{
    static const unsigned counts[] = {1, 2, 3, 7, 200};

    (void)state;
    for (unsigned threads = 1; threads <= THREADS_MAX; threads++) {
        for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
            struct seen seen = {.fail_at = CHUNKS_MAX};
            struct err err = ERR_INIT;

            assert_int_equal(pass(&seen, counts[i], threads, &err), 0);
            assert_int_equal(seen.first, counts[i]);
            assert_int_equal(seen.last, counts[i]);
            assert_true(seen.ended);
            assert_false(seen.wrong);
            for (unsigned t = 0; t < THREADS_MAX; t++)
                assert_int_equal(seen.working[t], 0);
        }
    }
}

static void
a_stream_of_nothing_is_one_empty_chunk(void **state)
{
    struct seen seen = {.fail_at = CHUNKS_MAX};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(pass(&seen, 0, 4, &err), 0);
    assert_int_equal(seen.last, 1);
    assert_true(seen.ended);
}

static void
a_failure_ends_the_stream_and_nothing_later_comes_out(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        for (unsigned fail_at = 0; fail_at < 30; fail_at += 3) {
            struct seen seen = {.fail_at = fail_at};
            struct err err = ERR_INIT;

            assert_int_equal(pass(&seen, 30, threads, &err), -1);
            assert_int_equal(err.code, ERR_IO);
            assert_true(seen.last <= fail_at);
            assert_false(seen.wrong);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chunk_passes_each_stage_once_and_in_order),
        cmocka_unit_test(a_stream_of_nothing_is_one_empty_chunk),
        cmocka_unit_test(a_failure_ends_the_stream_and_nothing_later_comes_out),
    };
    return cmocka_run_group_tests_name("images/stages", tests, NULL, NULL);
}
