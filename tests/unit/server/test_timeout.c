/* SPDX-License-Identifier: Apache-2.0 */
#include "server/timeout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
count(struct timeout *t, void *ctx)
{
    assert_null(t->list);
    ++*(int *)ctx;
}

static void
timeouts_expire_in_their_order(void **state)
{
    struct timeout_list list;
    struct timeout a = {0}, b = {0};
    int n = 0;

    (void)state;
    timeout_list_init(&list, 100, count, &n);
    assert_true(timeout_next_ms(&list) == INT64_MAX);
    timeout_arm(&list, &a, 1000);
    timeout_arm(&list, &b, 1010);
    assert_int_equal(timeout_next_ms(&list), 1100);
    timeout_run(&list, 1099);
    assert_int_equal(n, 0);
    timeout_run(&list, 1100);
    assert_int_equal(n, 1);
    assert_ptr_equal(timeout_oldest(&list), &b);
    timeout_run(&list, 5000);
    assert_int_equal(n, 2);
    assert_null(timeout_oldest(&list));
}

static void
arming_again_starts_anew_and_disarming_forgets(void **state)
{
    struct timeout_list first, second;
    struct timeout a = {0};
    int n = 0;

    (void)state;
    timeout_list_init(&first, 100, count, &n);
    timeout_list_init(&second, 200, count, &n);
    timeout_arm(&first, &a, 0);
    timeout_arm(&first, &a, 50);
    assert_int_equal(timeout_next_ms(&first), 150);
    timeout_arm(&second, &a, 60);
    assert_null(timeout_oldest(&first));
    assert_int_equal(timeout_next_ms(&second), 260);
    timeout_disarm(&a);
    timeout_disarm(&a);
    timeout_run(&second, 1000);
    assert_int_equal(n, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timeouts_expire_in_their_order),
        cmocka_unit_test(arming_again_starts_anew_and_disarming_forgets),
    };
    return cmocka_run_group_tests_name("server/timeout", tests, NULL, NULL);
}
