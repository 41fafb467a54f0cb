/* SPDX-License-Identifier: Apache-2.0 */
#include "server/proxy_upstream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"

static const struct proxy_settings settings = {.max_fails = 2, .fail_timeout_ms = 1000};

static void
make(const char *text, struct proxy_mount *m, struct proxy_upstreams *u)
{
    struct err err = ERR_INIT;

    assert_int_equal(proxy_config_parse(text, m, &err), 0);
    proxy_upstream_init(u, m, &settings);
}

static void
the_server_with_the_fewest_requests_is_asked(void **state)
{
    struct proxy_mount m;
    struct proxy_upstreams u;

    (void)state;
    make("/=unix:a,unix:b,unix:c", &m, &u);
    u.v[0].active = 2;
    u.v[1].active = 1;
    u.v[2].active = 3;
    assert_ptr_equal(proxy_upstream_choose(&u, 0, 0), &u.v[1]);
    assert_ptr_equal(proxy_upstream_choose(&u, 2, 0), &u.v[0]);
    assert_null(proxy_upstream_choose(&u, 7, 0));
    proxy_upstream_done(&u);
    proxy_config_done(&m);
}

static void
equals_take_turns(void **state)
{
    struct proxy_mount m;
    struct proxy_upstreams u;

    (void)state;
    make("/=unix:a,unix:b", &m, &u);
    for (int i = 0; i < 4; i++)
        assert_ptr_equal(proxy_upstream_choose(&u, 0, 0), &u.v[i % 2]);
    proxy_upstream_done(&u);
    proxy_config_done(&m);
}

static void
one_that_fails_again_and_again_rests(void **state)
{
    struct proxy_mount m;
    struct proxy_upstreams u;

    (void)state;
    make("/=unix:a,unix:b", &m, &u);
    assert_false(proxy_upstream_failed(&u, &u.v[0], 0));
    proxy_upstream_answered(&u.v[0]);
    assert_false(proxy_upstream_failed(&u, &u.v[0], 100));
    assert_true(proxy_upstream_failed(&u, &u.v[0], 200));
    for (int i = 0; i < 3; i++)
        assert_ptr_equal(proxy_upstream_choose(&u, 0, 1199), &u.v[1]);
    assert_int_equal(proxy_upstream_wait_ms(&u, 700), 0);
    u.v[1].rests_until_ms = 5000;
    assert_null(proxy_upstream_choose(&u, 0, 1199));
    assert_int_equal(proxy_upstream_wait_ms(&u, 700), 500);
    assert_ptr_equal(proxy_upstream_choose(&u, 0, 1200), &u.v[0]);
    assert_true(proxy_upstream_failed(&u, &u.v[0], 1200));
    proxy_upstream_answered(&u.v[0]);
    assert_ptr_equal(proxy_upstream_choose(&u, 0, 1201), &u.v[0]);
    proxy_upstream_done(&u);
    proxy_config_done(&m);
}

static void
an_only_server_never_rests(void **state)
{
    struct proxy_mount m;
    struct proxy_upstreams u;

    (void)state;
    make("/=unix:a", &m, &u);
    for (int i = 0; i < 5; i++)
        assert_false(proxy_upstream_failed(&u, &u.v[0], 0));
    assert_ptr_equal(proxy_upstream_choose(&u, 0, 0), &u.v[0]);
    proxy_upstream_done(&u);
    proxy_config_done(&m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_server_with_the_fewest_requests_is_asked),
        cmocka_unit_test(equals_take_turns),
        cmocka_unit_test(one_that_fails_again_and_again_rests),
        cmocka_unit_test(an_only_server_never_rests),
    };
    return cmocka_run_group_tests_name("server/proxy_upstream", tests, NULL, NULL);
}
