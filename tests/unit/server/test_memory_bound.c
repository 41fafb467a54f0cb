/* SPDX-License-Identifier: Apache-2.0 */
#include "server/memory_bound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "server/conn.h"
#include "server/db.h"
#include "server/pool.h"
#include "server/settings.h"

enum { MIB = 1024 * 1024, THREAD = POOL_STACK_BYTES + POOL_UNSENT_MAX + DB_CACHE_BYTES };

static void
only_what_is_configured_counts(void **state)
{
    struct settings s = {.memory_bytes = 64 * MIB,
                         .connections = 10,
                         .cache_bytes = MIB,
                         .files.cache_bytes = MIB,
                         .pool.max_threads = 64,
                         .log.access.buffer_bytes = MIB};
    struct memory_bound b = memory_bound_of(&s);

    (void)state;
    assert_int_equal(b.connections, 10 * sizeof(struct conn));
    assert_int_equal(b.files + b.answers + b.log + b.threads, 0);
    assert_int_equal(b.total, b.buffers + b.connections);
}

static void
the_parts_make_the_sum(void **state)
{
    struct db_target database = {.driver = NULL};
    struct settings s = {.memory_bytes = 64 * MIB,
                         .connections = 10,
                         .cache_bytes = 3 * MIB,
                         .database = &database,
                         .n_mounts = 1,
                         .files.cache_bytes = 2 * MIB,
                         .pool.max_threads = 64,
                         .log.access = {.file = "-", .buffer_bytes = MIB}};
    struct memory_bound b = memory_bound_of(&s);
    cleanup_buf struct buf text = BUF_INIT(512);

    (void)state;
    assert_int_equal(b.threads, 64 * THREAD);
    assert_int_equal(b.total, 70 * MIB + b.connections + 64 * (uint64_t)THREAD);
    s.pool.threads = 4;
    assert_int_equal(memory_bound_of(&s).threads, 4 * THREAD);
    b = memory_bound_of(&s);
    memory_bound_format(&b, &text);
    assert_string_equal(buf_cstr(&text),
                        "a worker takes at most 75.0 MiB: buffers 64.0, connections 0.0, "
                        "files 2.0, answers 3.0, log 1.0, threads 5.0");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_configured_counts),
        cmocka_unit_test(the_parts_make_the_sum),
    };

    return cmocka_run_group_tests_name("server/memory_bound", tests, NULL, NULL);
}
