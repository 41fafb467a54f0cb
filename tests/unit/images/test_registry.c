/* SPDX-License-Identifier: Apache-2.0 */
#include "images/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "images/ref.h"
#include "images/registry_request.h"
#include "net/address.h"

static struct registry *
open_named(const char *name, const char *ca_file)
{
    const struct registry_opts opts = {ca_file, false};
    cleanup_ref struct ref ref = REF_INIT;
    struct err err = ERR_INIT;
    struct registry *r;

    assert_int_equal(ref_parse(name, &ref, &err), 0);
    r = registry_new(&ref, &opts, &err);
    assert_non_null(r);
    return r;
}

static void
names_lead_to_registries(void **state UNUSED)
{
    static const struct {
        const char *name, *ca_file;
        const char *base, *repository, *authority;
    } cases[] = {
        {"nginx", NULL, "https://registry-1.docker.io", "library/nginx", "docker.io"},
        {"docker.io/nginx:1", NULL, "https://registry-1.docker.io", "library/nginx", "docker.io"},
        {"index.docker.io/a/b", NULL, "https://registry-1.docker.io", "a/b", "docker.io"},
        {"r.test/nginx", NULL, "https://r.test", "nginx", "r.test"},
        {"r.test:5000/a/b", NULL, "https://r.test:5000", "a/b", "r.test:5000"},
        {"localhost/a", NULL, "http://localhost", "a", "localhost"},
        {"localhost:5000/a", NULL, "http://localhost:5000", "a", "localhost:5000"},
        {"127.0.0.1:5000/a", NULL, "http://127.0.0.1:5000", "a", "127.0.0.1:5000"},
        {"127.0.0.1:5000/a", "ca.pem", "https://127.0.0.1:5000", "a", "127.0.0.1:5000"},
        {"10.0.0.1:5000/a", NULL, "https://10.0.0.1:5000", "a", "10.0.0.1:5000"},
        {"localhost.test/a", NULL, "https://localhost.test", "a", "localhost.test"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_registry struct registry *r = open_named(cases[i].name, cases[i].ca_file);

        assert_string_equal(r->base, cases[i].base);
        assert_string_equal(registry_repository(r), cases[i].repository);
        assert_string_equal(r->authority, cases[i].authority);
    }
}

static void
a_registry_leads_to_public_places_and_to_its_own_kind(void **state UNUSED)
{
    static const struct {
        enum address_kind registry, peer;
        bool may;
    } cases[] = {
        {ADDRESS_PUBLIC, ADDRESS_PUBLIC, true},      {ADDRESS_PUBLIC, ADDRESS_PRIVATE, false},
        {ADDRESS_PUBLIC, ADDRESS_LOOPBACK, false},   {ADDRESS_PUBLIC, ADDRESS_LINK_LOCAL, false},
        {ADDRESS_PUBLIC, ADDRESS_METADATA, false},   {ADDRESS_PUBLIC, ADDRESS_SPECIAL, false},
        {ADDRESS_PRIVATE, ADDRESS_PUBLIC, true},     {ADDRESS_PRIVATE, ADDRESS_PRIVATE, true},
        {ADDRESS_PRIVATE, ADDRESS_LOOPBACK, false},  {ADDRESS_LOOPBACK, ADDRESS_LOOPBACK, true},
        {ADDRESS_LOOPBACK, ADDRESS_PRIVATE, false},  {ADDRESS_LOOPBACK, ADDRESS_METADATA, false},
        {ADDRESS_METADATA, ADDRESS_METADATA, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_registry struct registry *r = open_named("r.test/a", NULL);
        struct err err = ERR_INIT;

        r->kinds_seen = 1U << cases[i].registry;
        assert_int_equal(registry_check_peer(r, cases[i].peer, "there", &err),
                         cases[i].may ? 0 : -1);
        assert_int_equal(err.code, cases[i].may ? ERR_NONE : ERR_DENIED);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_lead_to_registries),
        cmocka_unit_test(a_registry_leads_to_public_places_and_to_its_own_kind),
    };

    return cmocka_run_group_tests_name("images/registry", tests, NULL, NULL);
}
