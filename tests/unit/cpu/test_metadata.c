/* SPDX-License-Identifier: Apache-2.0 */

/* What the folders of tests/cases/cpu cannot show: the contract with the fetcher. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "cpu/ladder.h"
#include "cpu/metadata.h"

static const char *
ecs_getenv(const char *name)
{
    return strcmp(name, "ECS_CONTAINER_METADATA_URI_V4") == 0 ? "http://h/v4/x" : NULL;
}

/* An endpoint that never stops talking; a fetcher stops at the buffer's limit. */
static int
endless_fetch(void *ctx, const char *url, unsigned timeout_ms, struct buf *out, struct err *err)
{
    size_t *limit = ctx;

    assert_string_equal(url, "http://h/v4/x/task");
    assert_int_equal(timeout_ms, 1000);
    *limit = out->limit;
    while (!out->overflow)
        buf_append_str(out, "{\"Limits\":{\"CPU\":0.25}} ");
    return buf_finish(out, err);
}

static void
an_endless_answer_ends_at_a_limit_and_is_noted(void **state)
{
    size_t limit = 0;
    struct cpu_opts opts = {.getenv = ecs_getenv, .fetch = endless_fetch, .fetch_ctx = &limit};
    cleanup_cpu_limits struct cpu_limits limits = {0};
    struct ladder ladder = {&opts, &limits};
    struct metadata_answer answer = {true, true};

    (void)state;
    metadata_look(&ladder, &answer);
    assert_false(answer.cpu);
    assert_false(answer.memory);
    assert_int_equal(limit, 1024 * 1024);
    assert_int_equal(limits.n_rungs, 2);
    assert_string_equal(limits.rungs[0].note, "larger than 1048576 bytes");
    assert_true(limits.rungs[1].is_memory);
}

/* Brackets without end: a parser that recurses freely would run out of stack. */
static int
deep_fetch(void *ctx, const char *url, unsigned timeout_ms, struct buf *out, struct err *err)
{
    (void)ctx;
    (void)url;
    (void)timeout_ms;
    (void)err;
    for (int i = 0; i < 500000; i++)
        buf_append_char(out, '[');
    return 0;
}

static void
a_deeply_nested_answer_is_noted_and_not_followed(void **state)
{
    struct cpu_opts opts = {.getenv = ecs_getenv, .fetch = deep_fetch};
    cleanup_cpu_limits struct cpu_limits limits = {0};
    struct ladder ladder = {&opts, &limits};
    struct metadata_answer answer;

    (void)state;
    metadata_look(&ladder, &answer);
    assert_false(answer.cpu);
    assert_non_null(limits.rungs[0].note);
    assert_int_equal(strlen(limits.rungs[0].raw), LADDER_RAW_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_endless_answer_ends_at_a_limit_and_is_noted),
        cmocka_unit_test(a_deeply_nested_answer_is_noted_and_not_followed),
    };
    return cmocka_run_group_tests_name("cpu/metadata", tests, NULL, NULL);
}
