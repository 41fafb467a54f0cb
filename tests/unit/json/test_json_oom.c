/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#undef JSON_COMPACT
#include <cmocka.h>

#include "base/err.h"

/*
 * Every n-th allocation of jansson fails, for each n until none does: parsing reports it and leaks
 * nothing (LeakSanitizer watches), building ends the program with its one line (base/mem.h).
 */

static long allocations_left;

static void *
allocate(size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void
start_failing_after(long allocations)
{
    allocations_left = allocations;
    json_set_alloc_funcs(allocate, free);
}

static void
stop_failing(void)
{
    json_set_alloc_funcs(malloc, free);
}

static const char document[] =
    "{\"family\":\"web\",\"list\":[1,2.5,\"three\",{\"a\":[true,false,null]}],"
    "\"text\":\"gr\\u00fc\\u00df with more than a few characters in it, so that it grows\","
    "\"k1\":1,\"k2\":2,\"k3\":3,\"k4\":4,\"k5\":5,\"k6\":6,\"k7\":7,\"k8\":8,\"k9\":9}";

static void
parsing_reports_that_memory_is_out(void **state UNUSED)
{
    struct json_t *v = NULL;
    long n = 0;

    for (; v == NULL; n++) {
        struct err err = ERR_INIT;

        assert_true(n < 10000);
        start_failing_after(n);
        v = json_parse(str_from(document), "in", &err);
        stop_failing();
        if (v == NULL)
            assert_true(err.code != ERR_NONE && err.msg[0] != '\0');
    }
    assert_true(n > 30);
    json_free(v);
}

static void
build(void)
{
    struct json_t *object = json_new_object();
    struct json_t *list = json_new_array();
    struct json_t *copy;

    for (int i = 0; i < 20; i++)
        json_push(list, json_new_int(i));
    json_push(list, json_new_real(0.5));
    json_put(object, "list", list);
    json_put_str(object, "text", "x");
    copy = json_clone(object);
    json_free(copy);
    json_free(object);
}

/* True when a child that builds with n allocations finished; it may else only end by mem_fail(). */
static bool
builds_with(long n)
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        start_failing_after(n);
        build();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status)) {
        assert_int_equal(WEXITSTATUS(status), 0);
        return true;
    }
    assert_int_equal(WTERMSIG(status), SIGABRT);
    return false;
}

static void
building_ends_the_program_and_never_gives_null(void **state UNUSED)
{
    long n = 0;

    while (!builds_with(n)) {
        n++;
        assert_true(n < 1000);
    }
    assert_true(n > 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parsing_reports_that_memory_is_out),
        cmocka_unit_test(building_ends_the_program_and_never_gives_null),
    };

    return cmocka_run_group_tests_name("json out of memory", tests, NULL, NULL);
}
