/* SPDX-License-Identifier: Apache-2.0 */
#include "taskgen/render_values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/mem.h"

static void
a_pair_is_cut_at_its_first_equals_sign(void **state)
{
    static const char *given[] = {"A=1", "B=", "C=x=y", "D", "=1", ""};
    const struct cli_list list = {given, ARRAY_LEN(given)};
    cleanup_render_values_pairs struct render_values_pairs pairs = {NULL, 0};
    cleanup_finding_list struct finding_list findings = {NULL, 0};

    (void)state;
    render_values_pairs("--env", &list, &pairs, &findings);
    assert_int_equal(pairs.n, 3);
    assert_string_equal(pairs.v[1].name, "B");
    assert_string_equal(pairs.v[1].value, "");
    assert_string_equal(pairs.v[2].name, "C");
    assert_string_equal(pairs.v[2].value, "x=y");
    assert_int_equal(findings.n, 3);
    assert_string_equal(findings.v[0].where, "--env");
    assert_string_equal(findings.v[0].text, "number 4 has no '='");
    assert_string_equal(findings.v[1].text, "number 5 has no name");
}

static void
ports_have_a_protocol(void **state)
{
    static const char *given[] = {"80",  "53/udp",  "443/TCP", "x",
                                  "80/", "80/sctp", "-1",      "4294967296"};
    const struct cli_list list = {given, ARRAY_LEN(given)};
    cleanup_finding_list struct finding_list findings = {NULL, 0};
    cleanup_free struct task_def_port *ports = NULL;

    (void)state;
    assert_int_equal(render_values_ports(&list, &ports, &findings), 3);
    assert_int_equal(ports[0].port, 80);
    assert_string_equal(ports[0].protocol, "tcp");
    assert_int_equal(ports[1].port, 53);
    assert_string_equal(ports[1].protocol, "udp");
    assert_string_equal(ports[2].protocol, "tcp");
    assert_int_equal(findings.n, 5);
}

static void
none_is_no_port_only_when_it_stands_alone(void **state)
{
    static const char *alone[] = {"none"};
    static const char *together[] = {"none", "80"};
    const struct cli_list lists[] = {{alone, 1}, {together, 2}};
    cleanup_finding_list struct finding_list findings = {NULL, 0};
    cleanup_free struct task_def_port *ports = NULL;
    cleanup_free struct task_def_port *more_ports = NULL;

    (void)state;
    assert_int_equal(render_values_ports(&lists[0], &ports, &findings), 0);
    assert_int_equal(findings.n, 0);
    assert_int_equal(render_values_ports(&lists[1], &more_ports, &findings), 1);
    assert_int_equal(findings.n, 1);
}

static void
numbers_are_whole(void **state)
{
    cleanup_finding_list struct finding_list findings = {NULL, 0};
    uint32_t n = 7;

    (void)state;
    assert_false(render_values_number("--n", NULL, &n, &findings));
    assert_int_equal(findings.n, 0);
    assert_true(render_values_number("--n", "0", &n, &findings));
    assert_int_equal(n, 0);
    assert_true(render_values_number("--n", "2147483647", &n, &findings));
    assert_false(render_values_number("--n", "2147483648", &n, &findings));
    assert_false(render_values_number("--n", "1.5", &n, &findings));
    assert_false(render_values_number("--n", "", &n, &findings));
    assert_int_equal(findings.n, 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_is_cut_at_its_first_equals_sign),
        cmocka_unit_test(ports_have_a_protocol),
        cmocka_unit_test(none_is_no_port_only_when_it_stands_alone),
        cmocka_unit_test(numbers_are_whole),
    };

    return cmocka_run_group_tests_name("taskgen/render_values", tests, NULL, NULL);
}
