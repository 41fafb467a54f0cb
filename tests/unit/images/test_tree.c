/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "images/tree.h"
#include "images/tree_resolve.h"

static struct tree_entry *
add(struct tree *t, const char *path, enum tree_type type)
{
    struct err err = ERR_INIT;
    struct tree_entry *e = tree_add(t, path, type, &err);

    assert_non_null(e);
    e->mode = type == TREE_FOLDER ? 0755 : 0644;
    return e;
}

static void
add_link(struct tree *t, const char *path, const char *target)
{
    add(t, path, TREE_SYMLINK)->target = mem_strdup(target);
}

static void
entries_are_sorted_and_missing_folders_made(void **state)
{
    static const char *const want[] = {"a", "a.b", "a/x", "a/x/y", "a/x/y/z", "b"};
    cleanup_tree struct tree t = TREE_INIT;
    struct err err = ERR_INIT;

    (void)state;
    add(&t, "b", TREE_FILE);
    add(&t, "a/x/y/z", TREE_FILE);
    add(&t, "a.b", TREE_FILE);
    assert_int_equal(tree_seal(&t, &err), 0);
    assert_int_equal(t.n, ARRAY_LEN(want));
    for (size_t i = 0; i < t.n; i++)
        assert_string_equal(t.v[i].path, want[i]);
    assert_int_equal(t.v[0].type, TREE_FOLDER);
    assert_int_equal(t.v[0].mode, 0755);
    assert_true(t.v[0].implied);
}

static void
a_path_given_twice_is_refused_with_both_origins(void **state)
{
    cleanup_tree struct tree t = TREE_INIT;
    struct err err = ERR_INIT;

    (void)state;
    add(&t, "app", TREE_FILE)->source = mem_strdup("one");
    add(&t, "app", TREE_FILE)->source = mem_strdup("two");
    assert_int_equal(tree_seal(&t, &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
    assert_non_null(strstr(err.msg, "/app"));
    assert_non_null(strstr(err.msg, "one"));
    assert_non_null(strstr(err.msg, "two"));
}

static void
a_folder_given_twice_is_one_folder(void **state)
{
    cleanup_tree struct tree t = TREE_INIT;
    struct err err = ERR_INIT;

    (void)state;
    add(&t, "srv", TREE_FOLDER);
    add(&t, "srv", TREE_FOLDER);
    add(&t, "srv/x", TREE_FILE);
    assert_int_equal(tree_seal(&t, &err), 0);
    assert_int_equal(t.n, 2);
}

static void
a_folder_and_a_file_of_one_path_are_refused(void **state)
{
    cleanup_tree struct tree t = TREE_INIT;
    struct err err = ERR_INIT;

    (void)state;
    add(&t, "srv", TREE_FOLDER);
    add(&t, "srv", TREE_FILE);
    assert_int_equal(tree_seal(&t, &err), -1);
}

static void
folders_with_other_owners_are_refused(void **state)
{
    cleanup_tree struct tree t = TREE_INIT;
    struct err err = ERR_INIT;

    (void)state;
    add(&t, "srv", TREE_FOLDER)->uid = 1;
    add(&t, "srv", TREE_FOLDER)->uid = 2;
    assert_int_equal(tree_seal(&t, &err), -1);
}

static void
nothing_may_lie_below_a_file(void **state)
{
    cleanup_tree struct tree t = TREE_INIT;
    struct err err = ERR_INIT;

    (void)state;
    add(&t, "app", TREE_FILE);
    add(&t, "app/x", TREE_FILE);
    assert_int_equal(tree_seal(&t, &err), -1);
    assert_non_null(strstr(err.msg, "is a file"));
}

static void
nothing_may_lie_below_a_symbolic_link(void **state)
{
    cleanup_tree struct tree t = TREE_INIT;
    struct err err = ERR_INIT;

    (void)state;
    add_link(&t, "lib", "usr/lib");
    add(&t, "lib/deep/x", TREE_FILE);
    assert_int_equal(tree_seal(&t, &err), -1);
    assert_non_null(strstr(err.msg, "symbolic link to 'usr/lib'"));
}

static void
hard_links_of_one_folder_point_to_the_first_path(void **state)
{
    static const char *const paths[] = {"z", "b", "c"};
    cleanup_tree struct tree t = TREE_INIT;
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct tree_entry *e = add(&t, paths[i], TREE_FILE);

        e->size = 10;
        e->stamp.inode = 7;
        e->link_group = 1;
    }
    add(&t, "a", TREE_FILE)->stamp.inode = 7; /* of another source: no link */
    t.v[3].link_group = 2;
    assert_int_equal(tree_seal(&t, &err), 0);
    assert_int_equal(tree_find(&t, "a")->type, TREE_FILE);
    assert_int_equal(tree_find(&t, "b")->type, TREE_FILE);
    assert_int_equal(tree_find(&t, "c")->type, TREE_HARDLINK);
    assert_string_equal(tree_find(&t, "z")->target, "b");
    assert_int_equal(tree_find(&t, "z")->size, 0);
}

static void
paths_resolve_through_the_images_own_links(void **state)
{
    static const struct {
        const char *path, *want;
    } cases[] = {
        {"/usr/lib/x", "usr/lib/x"},
        {"/lib/x", "usr/lib/x"},
        {"/abs/x", "usr/lib/x"},
        {"/lib/../app", "usr/app"},
        {"//usr/./lib//x", "usr/lib/x"},
        {"/up", "usr/lib/x"},
        {"/none", NULL},
        {"/loop", NULL},
        {"/lib/none", NULL},
        {"/", NULL},
        {"/usr/lib/x/", "usr/lib/x"},
    };
    cleanup_tree struct tree t = TREE_INIT;
    struct err err = ERR_INIT;

    (void)state;
    add(&t, "usr/lib/x", TREE_FILE);
    add(&t, "usr/app", TREE_FILE);
    add_link(&t, "lib", "usr/lib");
    add_link(&t, "abs", "/lib");
    add_link(&t, "up", "../../lib/x");
    add_link(&t, "loop", "loop");
    assert_int_equal(tree_seal(&t, &err), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct tree_entry *e = tree_resolve(&t, cases[i].path);

        if (cases[i].want == NULL)
            assert_null(e);
        else if (e == NULL)
            fail_msg("%s was not found", cases[i].path);
        else
            assert_string_equal(e->path, cases[i].want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_sorted_and_missing_folders_made),
        cmocka_unit_test(a_path_given_twice_is_refused_with_both_origins),
        cmocka_unit_test(a_folder_given_twice_is_one_folder),
        cmocka_unit_test(a_folder_and_a_file_of_one_path_are_refused),
        cmocka_unit_test(folders_with_other_owners_are_refused),
        cmocka_unit_test(nothing_may_lie_below_a_file),
        cmocka_unit_test(nothing_may_lie_below_a_symbolic_link),
        cmocka_unit_test(hard_links_of_one_folder_point_to_the_first_path),
        cmocka_unit_test(paths_resolve_through_the_images_own_links),
    };
    return cmocka_run_group_tests_name("images/tree", tests, NULL, NULL);
}
