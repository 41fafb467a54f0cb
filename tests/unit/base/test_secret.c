/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

static void
a_secret_is_seen_by_revealing_only(void **state UNUSED)
{
    cleanup_secret struct secret s = SECRET_INIT;

    assert_false(secret_is_set(&s));
    assert_string_equal(secret_mask(&s), "(none)");
    assert_string_equal(secret_reveal(&s), "");
    secret_set(&s, "hunter2 and more", 7);
    assert_true(secret_is_set(&s));
    assert_string_equal(secret_mask(&s), "***");
    assert_string_equal(secret_reveal(&s), "hunter2");
}

static void
setting_again_forgets_the_old_text_and_may_use_it(void **state UNUSED)
{
    cleanup_secret struct secret s = SECRET_INIT;

    secret_set(&s, "hunter2", 7);
    secret_set(&s, secret_reveal(&s) + 1, 3);
    assert_string_equal(secret_reveal(&s), "unt");
    secret_set(&s, "", 0);
    assert_false(secret_is_set(&s));
}

static void
it_can_be_done_twice(void **state UNUSED)
{
    struct secret s = SECRET_INIT;

    secret_set(&s, "x", 1);
    secret_done(&s);
    secret_done(&s);
    assert_false(secret_is_set(&s));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_is_seen_by_revealing_only),
        cmocka_unit_test(setting_again_forgets_the_old_text_and_may_use_it),
        cmocka_unit_test(it_can_be_done_twice),
    };

    return cmocka_run_group_tests_name("base/secret", tests, NULL, NULL);
}
