/* SPDX-License-Identifier: Apache-2.0 */
#include "taskgen/exec_env.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"

static int
forget_all(void **state)
{
    static const char *const names[] = {
        "WEB_CONCURRENCY", "GOMAXPROCS",        "PYTHON_CPU_COUNT",    "DOTNET_PROCESSOR_COUNT",
        "OMP_NUM_THREADS", "RAYON_NUM_THREADS", "TOKIO_WORKER_THREADS"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        unsetenv(names[i]);
    return 0;
}

static void
workers_and_threads_go_to_their_variables(void **state)
{
    cleanup_buf struct buf told = BUF_INIT(1024);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(exec_env_set(5, 2, false, &told, &err), 0);
    assert_string_equal(getenv("WEB_CONCURRENCY"), "5");
    assert_string_equal(getenv("GOMAXPROCS"), "2");
    assert_string_equal(getenv("TOKIO_WORKER_THREADS"), "2");
    assert_string_equal(buf_cstr(&told),
                        ": WEB_CONCURRENCY=5 GOMAXPROCS=2 PYTHON_CPU_COUNT=2 "
                        "DOTNET_PROCESSOR_COUNT=2 OMP_NUM_THREADS=2 RAYON_NUM_THREADS=2 "
                        "TOKIO_WORKER_THREADS=2");
}

static void
what_the_user_set_stays_unless_forced(void **state)
{
    cleanup_buf struct buf told = BUF_INIT(1024);
    struct err err = ERR_INIT;

    (void)state;
    setenv("WEB_CONCURRENCY", "12", 1);
    setenv("GOMAXPROCS", "", 1);
    assert_int_equal(exec_env_set(5, 2, false, &told, &err), 0);
    assert_string_equal(getenv("WEB_CONCURRENCY"), "12");
    assert_string_equal(getenv("GOMAXPROCS"), "2");
    assert_null(strstr(buf_cstr(&told), "WEB_CONCURRENCY"));
    assert_int_equal(exec_env_set(5, 3, true, &told, &err), 0);
    assert_string_equal(getenv("WEB_CONCURRENCY"), "5");
    assert_string_equal(getenv("GOMAXPROCS"), "3");
}

static void
a_variable_that_is_there_twice_is_set_once(void **state)
{
    char first[] = "WEB_CONCURRENCY=";
    char second[] = "WEB_CONCURRENCY=7";
    char *doubled[] = {first, second, NULL};
    cleanup_buf struct buf told = BUF_INIT(1024);
    struct err err = ERR_INIT;
    size_t seen = 0;

    (void)state;
    /* Not put back: setenv() may free the array that was there.  Nothing of doubled stays in it. */
    environ = doubled;
    assert_int_equal(exec_env_set(5, 2, false, &told, &err), 0);
    for (char **entry = environ; *entry != NULL; entry++) {
        if (strncmp(*entry, "WEB_CONCURRENCY=", strlen("WEB_CONCURRENCY=")) == 0) {
            assert_string_equal(*entry, "WEB_CONCURRENCY=5");
            seen++;
        }
    }
    assert_int_equal(seen, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(workers_and_threads_go_to_their_variables, forget_all),
        cmocka_unit_test_setup(what_the_user_set_stays_unless_forced, forget_all),
        cmocka_unit_test_setup(a_variable_that_is_there_twice_is_set_once, forget_all),
    };

    return cmocka_run_group_tests_name("taskgen/exec_env", tests, NULL, NULL);
}
