/* SPDX-License-Identifier: Apache-2.0 */
#include "taskgen/image_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/mem.h"

static void
the_last_component_without_tag_and_digest_is_the_name(void **state)
{
    static const struct {
        const char *image;
        const char *name;
    } cases[] = {
        {"berthd", "berthd"},
        {"berthd:latest", "berthd"},
        {"library/nginx:1.27-alpine", "nginx"},
        {"localhost:5000/web", "web"},
        {"host:5000/team/shop.api:2@sha256:abc", "shop-api"},
        {"a/b/c_d-e", "c_d-e"},
        {"a@sha256:abc/def", "a"},
        {"Caf\xc3\xa9", "Caf--"},
        {"", ""},
        {":tag", ""},
        {"host/", ""},
        {"@", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_free char *name = image_name(cases[i].image);

        assert_string_equal(name, cases[i].name);
    }
}

static void
a_long_component_is_cut_to_what_ecs_takes(void **state)
{
    char image[400];
    cleanup_free char *name = NULL;

    (void)state;
    memset(image, 'a', sizeof(image));
    image[sizeof(image) - 1] = '\0';
    name = image_name(image);
    assert_int_equal(strlen(name), 255);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_component_without_tag_and_digest_is_the_name),
        cmocka_unit_test(a_long_component_is_cut_to_what_ecs_takes),
    };

    return cmocka_run_group_tests_name("taskgen/image_name", tests, NULL, NULL);
}
