/* SPDX-License-Identifier: Apache-2.0 */
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "base/attr.h"

static const struct {
    const char *text;
    enum address_kind kind;
} table[] = {
    {"1.1.1.1", ADDRESS_PUBLIC},
    {"9.255.255.255", ADDRESS_PUBLIC},
    {"11.0.0.0", ADDRESS_PUBLIC},
    {"172.15.255.255", ADDRESS_PUBLIC},
    {"172.32.0.0", ADDRESS_PUBLIC},
    {"100.63.255.255", ADDRESS_PUBLIC},
    {"100.128.0.0", ADDRESS_PUBLIC},
    {"223.255.255.255", ADDRESS_PUBLIC},
    {"2606:4700:4700::1111", ADDRESS_PUBLIC},
    {"64:ff9b::101:101", ADDRESS_PUBLIC},
    {"2002:101:101::1", ADDRESS_PUBLIC},
    {"127.0.0.1", ADDRESS_LOOPBACK},
    {"127.255.255.254", ADDRESS_LOOPBACK},
    {"::1", ADDRESS_LOOPBACK},
    {"::ffff:127.0.0.1", ADDRESS_LOOPBACK},
    {"64:ff9b::7f00:1", ADDRESS_LOOPBACK},
    {"10.0.0.0", ADDRESS_PRIVATE},
    {"10.255.255.255", ADDRESS_PRIVATE},
    {"172.16.0.0", ADDRESS_PRIVATE},
    {"172.31.255.255", ADDRESS_PRIVATE},
    {"192.168.1.1", ADDRESS_PRIVATE},
    {"100.64.0.0", ADDRESS_PRIVATE},
    {"198.19.255.255", ADDRESS_PRIVATE},
    {"fc00::1", ADDRESS_PRIVATE},
    {"fdff::1", ADDRESS_PRIVATE},
    {"fec0::1", ADDRESS_PRIVATE},
    {"::ffff:10.1.2.3", ADDRESS_PRIVATE},
    {"2002:a00:1::1", ADDRESS_PRIVATE},
    {"169.254.0.1", ADDRESS_LINK_LOCAL},
    {"fe80::1", ADDRESS_LINK_LOCAL},
    {"febf::1", ADDRESS_LINK_LOCAL},
    {"169.254.169.254", ADDRESS_METADATA},
    {"169.254.170.2", ADDRESS_METADATA},
    {"169.254.170.23", ADDRESS_METADATA},
    {"100.100.100.200", ADDRESS_METADATA},
    {"192.0.0.192", ADDRESS_METADATA},
    {"168.63.129.16", ADDRESS_METADATA},
    {"168.63.129.17", ADDRESS_PUBLIC},
    {"fd00:ec2::254", ADDRESS_METADATA},
    {"fd00:ec2::23", ADDRESS_METADATA},
    {"::ffff:169.254.169.254", ADDRESS_METADATA},
    {"::169.254.169.254", ADDRESS_METADATA},
    {"0.0.0.0", ADDRESS_SPECIAL},
    {"0.1.2.3", ADDRESS_SPECIAL},
    {"192.0.0.1", ADDRESS_SPECIAL},
    {"224.0.0.1", ADDRESS_SPECIAL},
    {"255.255.255.255", ADDRESS_SPECIAL},
    {"::", ADDRESS_SPECIAL},
    {"ff02::1", ADDRESS_SPECIAL},
    {"4000::1", ADDRESS_SPECIAL},
};

static void
resolved_addresses_have_the_kind_of_their_network(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct sockaddr_in in = {.sin_family = AF_INET};
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
        const struct sockaddr *a = (const struct sockaddr *)&in;

        if (inet_pton(AF_INET, table[i].text, &in.sin_addr) != 1) {
            assert_int_equal(inet_pton(AF_INET6, table[i].text, &in6.sin6_addr), 1);
            a = (const struct sockaddr *)&in6;
        }
        if (address_kind(a) != table[i].kind)
            fail_msg("%s: %s", table[i].text, address_kind_name(address_kind(a)));
    }
}

static void
hosts_of_urls_have_the_same_kinds(void **state UNUSED)
{
    enum address_kind kind;

    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        assert_true(address_kind_of_host(table[i].text, &kind));
        assert_int_equal(kind, table[i].kind);
    }
    assert_true(address_kind_of_host("fe80::1%eth0", &kind));
    assert_int_equal(kind, ADDRESS_LINK_LOCAL);
}

static void
localhost_is_loopback_and_other_names_are_not_known(void **state UNUSED)
{
    static const char *const loopback[] = {"localhost", "LocalHost", "localhost.", "a.localhost"};
    static const char *const unknown[] = {
        "", "example.test", "localhost.example", "notlocalhost", "1", "127.1", "::g"};
    enum address_kind kind;

    for (size_t i = 0; i < ARRAY_LEN(loopback); i++) {
        assert_true(address_kind_of_host(loopback[i], &kind));
        assert_int_equal(kind, ADDRESS_LOOPBACK);
    }
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
        assert_false(address_kind_of_host(unknown[i], &kind));
}

static void
addresses_are_written_without_port(void **state UNUSED)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = 80};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    char text[ADDRESS_TEXT_MAX];

    inet_pton(AF_INET, "192.0.2.1", &in.sin_addr);
    address_write((const struct sockaddr *)&in, text);
    assert_string_equal(text, "192.0.2.1");
    address_write((const struct sockaddr *)&un, text);
    assert_string_equal(text, "(unknown)");
    assert_int_equal(address_kind((const struct sockaddr *)&un), ADDRESS_SPECIAL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resolved_addresses_have_the_kind_of_their_network),
        cmocka_unit_test(hosts_of_urls_have_the_same_kinds),
        cmocka_unit_test(localhost_is_loopback_and_other_names_are_not_known),
        cmocka_unit_test(addresses_are_written_without_port),
    };

    return cmocka_run_group_tests_name("net/address", tests, NULL, NULL);
}
