/* SPDX-License-Identifier: Apache-2.0 */
#include "images/registry_challenge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static const struct {
    const char *value;
    bool good;
    enum challenge_scheme scheme;
    const char *realm, *service;
} cases[] = {
    {"Basic realm=\"r\"", true, CHALLENGE_BASIC, "r", NULL},
    {"basic REALM=r", true, CHALLENGE_BASIC, "r", NULL},
    {"Basic", true, CHALLENGE_BASIC, NULL, NULL},
    {"Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
     "scope=\"repository:a/b:pull,push\"",
     true, CHALLENGE_BEARER, "https://auth.docker.io/token", "registry.docker.io"},
    {"Bearer realm = \"a\" , service = b", true, CHALLENGE_BEARER, "a", "b"},
    {"Bearer realm=\"a \\\"b\\\" \\\\ c, d\"", true, CHALLENGE_BEARER, "a \"b\" \\ c, d", NULL},
    {"Basic realm=\"x\", Bearer realm=\"y\",service=\"z\"", true, CHALLENGE_BEARER, "y", "z"},
    {"Bearer realm=\"y\", Basic realm=\"x\"", true, CHALLENGE_BEARER, "y", NULL},
    {"Bearer realm=\"first\", Bearer realm=\"second\"", true, CHALLENGE_BEARER, "first", NULL},
    {"Bearer realm=\"first\",realm=\"second\"", true, CHALLENGE_BEARER, "first", NULL},
    {"Negotiate YWJj/Zw==, Basic realm=\"x\"", true, CHALLENGE_BASIC, "x", NULL},
    {"Negotiate, , Basic realm=\"x\",", true, CHALLENGE_BASIC, "x", NULL},
    {"Digest realm=\"d\", nonce=\"n\"", true, CHALLENGE_NONE, NULL, NULL},
    {"", true, CHALLENGE_NONE, NULL, NULL},
    {"Bearer realm=\"open", false, CHALLENGE_NONE, NULL, NULL},
    {"Bearer realm=\"open\\", false, CHALLENGE_NONE, NULL, NULL},
    {"Bearer realm=\"a\nb\"", false, CHALLENGE_NONE, NULL, NULL},
    {"Bearer realm=\"a\"service=\"b\"", false, CHALLENGE_NONE, NULL, NULL},
    {"\"Bearer\"", false, CHALLENGE_NONE, NULL, NULL},
    {"Basic realm=\"x\", Bearer realm=\"", false, CHALLENGE_BASIC, "x", NULL},
};

static void
same(const char *what, const char *got, const char *want)
{
    if (got == NULL || want == NULL ? got != want : strcmp(got, want) != 0)
        fail_msg("%s: '%s', want '%s'", what, got != NULL ? got : "(none)",
                 want != NULL ? want : "(none)");
}

static void
challenges_are_read_as_rfc_9110_has_them(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_challenge struct challenge c = CHALLENGE_INIT;

        if (challenge_parse(str_from(cases[i].value), &c) != cases[i].good ||
            c.scheme != cases[i].scheme)
            fail_msg("%s", cases[i].value);
        same(cases[i].value, c.realm, cases[i].realm);
        same(cases[i].value, c.service, cases[i].service);
    }
}

static void
several_headers_add_up_to_the_best(void **state UNUSED)
{
    cleanup_challenge struct challenge c = CHALLENGE_INIT;

    assert_true(challenge_parse(str_from("Basic realm=\"a\""), &c));
    assert_true(challenge_parse(str_from("Bearer realm=\"b\""), &c));
    assert_true(challenge_parse(str_from("Basic realm=\"c\""), &c));
    assert_int_equal(c.scheme, CHALLENGE_BEARER);
    assert_string_equal(c.realm, "b");
}

static void
a_challenge_has_a_largest_size(void **state UNUSED)
{
    cleanup_challenge struct challenge c = CHALLENGE_INIT;
    cleanup_free char *text = mem_printf("Basic realm=\"%*s\"", CHALLENGE_MAX, "x");

    assert_false(challenge_parse(str_from(text), &c));
    assert_int_equal(c.scheme, CHALLENGE_NONE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(challenges_are_read_as_rfc_9110_has_them),
        cmocka_unit_test(several_headers_add_up_to_the_best),
        cmocka_unit_test(a_challenge_has_a_largest_size),
    };

    return cmocka_run_group_tests_name("images/registry_challenge", tests, NULL, NULL);
}
