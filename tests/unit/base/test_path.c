/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"

static void
paths_are_cleaned_and_never_lead_above_the_root(void **state)
{
    static const struct {
        const char *path, *clean;
    } rows[] = {
        {"", ""},
        {"/", ""},
        {"a", "a"},
        {"/a/b", "a/b"},
        {"a//b///", "a/b"},
        {"./a/./b/.", "a/b"},
        {"a/../b", "b"},
        {"a/b/../../c", "c"},
        {"..", ""},
        {"/../../a", "a"},
        {"a/..", ""},
        {"a/../..", ""},
        {"...", "..."},
        {"a/..b", "a/..b"},
        {"/a/../../b/", "b"},
        {".a/.", ".a"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_free char *clean = path_clean(str_from(rows[i].path));

        assert_string_equal(clean, rows[i].clean);
    }
}

static void
a_folder_is_what_stands_before_the_last_slash(void **state)
{
    static const struct {
        const char *path, *folder;
    } rows[] = {{"a/b/c", "a/b"}, {"/c", ""}, {"c", ""}, {"/a/b", "/a"}, {"a/", "a"}, {"", ""}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_true(str_eq(path_folder(rows[i].path), rows[i].folder));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_cleaned_and_never_lead_above_the_root),
        cmocka_unit_test(a_folder_is_what_stands_before_the_last_slash),
    };
    return cmocka_run_group_tests_name("base/path", tests, NULL, NULL);
}
