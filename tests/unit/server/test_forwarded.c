/* SPDX-License-Identifier: Apache-2.0 */
#include "server/forwarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/str.h"
#include "server/address.h"

static const struct {
    const char *list, *peer;
    bool trusted;
} cases[] = {
    {"127.0.0.1,::1", "127.0.0.1:1", true},
    {"127.0.0.1,::1", "[::1]:1", true},
    {"127.0.0.1,::1", "[::ffff:127.0.0.1]:1", true},
    {"127.0.0.1,::1", "127.0.0.2:1", false},
    {"127.0.0.1,::1", "[::2]:1", false},
    {"", "127.0.0.1:1", false},
    {"", "unix:/a", true},
    {"*", "192.0.2.1:1", true},
    {" 10.0.0.0/8 , 192.0.2.0/25", "10.255.1.2:1", true},
    {"10.0.0.0/8,192.0.2.0/25", "11.0.0.0:1", false},
    {"10.0.0.0/8,192.0.2.0/25", "192.0.2.127:1", true},
    {"10.0.0.0/8,192.0.2.0/25", "192.0.2.128:1", false},
    {"0.0.0.0/0", "192.0.2.1:1", true},
    {"0.0.0.0/0", "[2001:db8::1]:1", false},
    {"::/0", "192.0.2.1:1", true},
    {"2001:db8::/33", "[2001:db8:7fff::1]:1", true},
    {"2001:db8::/33", "[2001:db8:8000::1]:1", false},
};

static void
peers_are_trusted_by_address_and_network(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct forwarded_trust trust;
        struct err err = ERR_INIT;
        struct address peer;

        assert_int_equal(forwarded_trust_parse(cases[i].list, &trust, &err), 0);
        assert_int_equal(address_parse(cases[i].peer, &peer, &err), 0);
        if (forwarded_trusts(&trust, &peer) != cases[i].trusted)
            fail_msg("%s with '%s'", cases[i].peer, cases[i].list);
        forwarded_trust_done(&trust);
    }
}

static void
what_is_no_network_is_refused(void **state)
{
    static const char *const bad[] = {"a",
                                      "1.2.3",
                                      "1.2.3.4/33",
                                      "::/129",
                                      "1.2.3.4/",
                                      "1.2.3.4/-1",
                                      "10.0.0.0/8,x",
                                      "localhost",
                                      "1.2.3.4:80",
                                      "1111111111111111111111111111111111111111111111111111"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct forwarded_trust trust;
        struct err err = ERR_INIT;

        if (forwarded_trust_parse(bad[i], &trust, &err) == 0)
            fail_msg("'%s' is taken", bad[i]);
        assert_int_equal(err.code, ERR_USAGE);
    }
}

static void
a_host_is_told_without_port_and_as_what_it_is(void **state)
{
    static const char *const pairs[][2] = {
        {"192.0.2.1:80", "192.0.2.1"},
        {"[2001:db8::1]:80", "2001:db8::1"},
        {"[::ffff:192.0.2.1]:80", "192.0.2.1"},
    };
    char text[INET6_ADDRSTRLEN];
    struct err err = ERR_INIT;
    struct address peer;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        assert_int_equal(address_parse(pairs[i][0], &peer, &err), 0);
        assert_true(forwarded_host(&peer, text));
        assert_string_equal(text, pairs[i][1]);
    }
    assert_int_equal(address_parse("unix:/a", &peer, &err), 0);
    assert_false(forwarded_host(&peer, text));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peers_are_trusted_by_address_and_network),
        cmocka_unit_test(what_is_no_network_is_refused),
        cmocka_unit_test(a_host_is_told_without_port_and_as_what_it_is),
    };
    return cmocka_run_group_tests_name("server/forwarded", tests, NULL, NULL);
}
