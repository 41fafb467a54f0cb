/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "cpu/cgroup_path.h"

static void
the_line_of_a_controller_is_found_by_whole_words(void **state)
{
    const struct {
        const char *text, *controller, *path; /* path NULL: not there */
    } table[] = {
        {"4:cpu:/a\n", "cpu", "/a"},
        {"4:cpu:/a", "cpu", "/a"},
        {"4:cpu,cpuacct:/a\n", "cpu", "/a"},
        {"4:cpuacct,cpu:/a\n", "cpu", "/a"},
        {"3:cpuset:/s\n2:cpuacct:/t\n4:cpu:/a\n", "cpu", "/a"},
        {"5:name=cpu:/evil\n4:cpu:/a\n", "cpu", "/a"},
        {"4:cpu:/a b:cpu:/c\n", "cpu", "/a b:cpu:/c"},
        {"4:cpu:/\n", "cpu", "/"},
        {"0::/a\n", "cpu", NULL},
        {"3:cpuset:/s\n", "cpu", NULL},
        {"4:cpu\n", "cpu", NULL},
        {"4:cpu:\n", "cpu", NULL},
        {"4:cpu:a\n", "cpu", NULL},
        {"", "cpu", NULL},
        {"0::/a\n", NULL, "/a"},
        {"4:cpu:/b\n0::/a:b\n", NULL, "/a:b"},
        {"1:name=systemd:/b\n", NULL, NULL},
        {"3::/b\n", NULL, NULL},
        {"0:x:/b\n", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct str path = STR_LIT("untouched");
        struct str text = str_from(table[i].text);
        bool found = table[i].controller != NULL ? cgroup_path_v1(text, table[i].controller, &path)
                                                 : cgroup_path_v2(text, &path);

        assert_int_equal(found, table[i].path != NULL);
        if (!str_eq(path, found ? table[i].path : "untouched"))
            fail_msg("row %zu: '" STR_FMT "'", i, STR_ARG(path));
    }
}

static void
the_own_cgroup_is_placed_below_the_root_of_a_mount(void **state)
{
    const struct {
        const char *own, *root;
        enum cgroup_path_view view;
        const char *below;
        unsigned height;
    } table[] = {
        {"/", "/", CGROUP_PATH_WITHIN, "", 0},
        {"/a/b", "/", CGROUP_PATH_WITHIN, "/a/b", 2},
        {"/a/b", "/a", CGROUP_PATH_WITHIN, "/b", 1},
        {"/a/b", "/a/b", CGROUP_PATH_WITHIN, "", 0},
        {"/a/b/", "/a/", CGROUP_PATH_WITHIN, "/b", 1},
        {"/ab", "/a", CGROUP_PATH_HIDDEN, "", 0},
        {"/a", "/ab", CGROUP_PATH_HIDDEN, "", 0},
        {"/a", "/a/b", CGROUP_PATH_HIDDEN, "", 0},
        {"/a", "/b", CGROUP_PATH_HIDDEN, "", 0},
        {"/", "/a", CGROUP_PATH_HIDDEN, "", 0},
        /* namespaces */
        {"/../x", "/..", CGROUP_PATH_WITHIN, "/x", 1},
        {"/../../x/y", "/../../x", CGROUP_PATH_WITHIN, "/y", 1},
        {"/..", "/..", CGROUP_PATH_WITHIN, "", 0},
        {"/", "/..", CGROUP_PATH_ABOVE, "", 1},
        {"/", "/../../..", CGROUP_PATH_ABOVE, "", 3},
        {"/a/b", "/..", CGROUP_PATH_ABOVE, "", 3},
        {"/../x", "/../..", CGROUP_PATH_ABOVE, "", 2},
        {"/../x", "/", CGROUP_PATH_HIDDEN, "", 0},
        {"/..", "/", CGROUP_PATH_HIDDEN, "", 0},
        {"/", "/../x", CGROUP_PATH_HIDDEN, "", 0},
        {"/../x", "/../y", CGROUP_PATH_HIDDEN, "", 0},
        {"/..x", "/", CGROUP_PATH_WITHIN, "/..x", 1},
        {"/...", "/", CGROUP_PATH_WITHIN, "/...", 1},
        /* no path that the kernel writes */
        {"/a/../b", "/", CGROUP_PATH_HIDDEN, "", 0},
        {"/a/./b", "/", CGROUP_PATH_HIDDEN, "", 0},
        {"/a//b", "/", CGROUP_PATH_HIDDEN, "", 0},
        {"/a/..", "/", CGROUP_PATH_HIDDEN, "", 0},
        {"//", "/", CGROUP_PATH_WITHIN, "", 0},
        {"/a", "/a//deleted", CGROUP_PATH_HIDDEN, "", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct str below = STR_LIT("");
        unsigned height = 0;
        enum cgroup_path_view view =
            cgroup_path_view(str_from(table[i].own), str_from(table[i].root), &below, &height);

        if (view != table[i].view || !str_eq(below, table[i].below) || height != table[i].height)
            fail_msg("%s in %s: %d '" STR_FMT "' %u", table[i].own, table[i].root, (int)view,
                     STR_ARG(below), height);
    }
}

static void
a_path_longer_than_the_kernels_is_not_followed(void **state)
{
    static char path[8192];
    struct str below;
    unsigned height;

    (void)state;
    for (size_t i = 0; i < sizeof(path); i++)
        path[i] = i % 2 == 0 ? '/' : 'x';
    assert_int_equal(cgroup_path_view((struct str){path, 4096}, STR_LIT("/"), &below, &height),
                     CGROUP_PATH_WITHIN);
    assert_int_equal(height, 2048);
    assert_int_equal(cgroup_path_view((struct str){path, 4098}, STR_LIT("/"), &below, &height),
                     CGROUP_PATH_HIDDEN);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_line_of_a_controller_is_found_by_whole_words),
        cmocka_unit_test(the_own_cgroup_is_placed_below_the_root_of_a_mount),
        cmocka_unit_test(a_path_longer_than_the_kernels_is_not_followed),
    };
    return cmocka_run_group_tests_name("cpu/cgroup_path", tests, NULL, NULL);
}
