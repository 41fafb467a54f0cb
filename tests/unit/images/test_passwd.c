/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "images/passwd.h"
#include "images/tree.h"

static void
users_are_parsed_in_all_their_forms(void **state)
{
    static const struct {
        const char *text, *name;
        uint32_t uid, gid;
    } cases[] = {
        {"root", "root", 0, 0},
        {"0", "root", 0, 0},
        {"nonroot", "nonroot", 65532, 65532},
        {"65532", "nonroot", 65532, 65532},
        {"1000", "user", 1000, 1000},
        {"1000:0", "user", 1000, 0},
        {"app:1000", "app", 1000, 1000},
        {"app.x_y-z:1000:2000", "app.x_y-z", 1000, 2000},
        {"_app:4294967294", "_app", 4294967294U, 4294967294U},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct passwd_user u;
        struct err err = ERR_INIT;

        if (passwd_parse(cases[i].text, &u, &err) < 0)
            fail_msg("%s", err.msg);
        assert_string_equal(u.name, cases[i].name);
        assert_int_equal(u.uid, cases[i].uid);
        assert_int_equal(u.gid, cases[i].gid);
    }
}

static void
users_that_cannot_be_are_refused(void **state)
{
    static const char *const cases[] = {
        "",
        ":",
        "app",
        "app:",
        "app:x",
        "1000:",
        "1000:x",
        "1:2:3",
        "app:1:2:3",
        "-1",
        "4294967295",
        "root:5",
        "a b:1",
        "a\nb:1",
        "-a:1",
        "caf\xc3\xa9:1",
        "a23456789012345678901234567890123:1",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct passwd_user u;
        struct err err = ERR_INIT;

        if (passwd_parse(cases[i], &u, &err) == 0)
            fail_msg("'%s' was accepted", cases[i]);
    }
}

static const char *
text_of(const struct tree *t, const char *path)
{
    const struct tree_entry *e = tree_find(t, path);

    return e != NULL ? e->data : NULL;
}

static void
the_user_and_root_get_their_lines(void **state)
{
    cleanup_tree struct tree t = TREE_INIT;
    struct passwd_user u = passwd_default();
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(passwd_add(&t, &u, &err), 0);
    assert_int_equal(tree_seal(&t, &err), 0);
    assert_string_equal(text_of(&t, "etc/passwd"),
                        "root:x:0:0:root:/root:/sbin/nologin\n"
                        "nonroot:x:65532:65532:nonroot:/:/sbin/nologin\n");
    assert_string_equal(text_of(&t, "etc/group"), "root:x:0:\nnonroot:x:65532:\n");
}

static void
root_is_not_listed_twice(void **state)
{
    cleanup_tree struct tree t = TREE_INIT;
    struct passwd_user u = {"app", 1000, 0};
    struct passwd_user root = {"root", 0, 0};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(passwd_add(&t, &root, &err), 0);
    assert_int_equal(tree_seal(&t, &err), 0);
    assert_string_equal(text_of(&t, "etc/passwd"), "root:x:0:0:root:/root:/sbin/nologin\n");
    tree_done(&t);
    assert_int_equal(passwd_add(&t, &u, &err), 0);
    assert_int_equal(tree_seal(&t, &err), 0);
    assert_string_equal(text_of(&t, "etc/group"), "root:x:0:\n");
}

static void
group_root_is_number_0_whatever_the_groups_of_user_root(void **state)
{
    cleanup_tree struct tree t = TREE_INIT;
    struct passwd_user u;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(passwd_parse("0:5", &u, &err), 0);
    assert_int_equal(passwd_add(&t, &u, &err), 0);
    assert_int_equal(tree_seal(&t, &err), 0);
    assert_string_equal(text_of(&t, "etc/group"), "root:x:0:\nuser:x:5:\n");
}

static void
files_that_the_user_brought_stay(void **state)
{
    cleanup_tree struct tree t = TREE_INIT;
    struct passwd_user u = passwd_default();
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(tree_add_text(&t, "etc/passwd", 0600, "mine", &err), 0);
    assert_int_equal(tree_seal(&t, &err), 0);
    assert_int_equal(passwd_add(&t, &u, &err), 0);
    assert_int_equal(tree_seal(&t, &err), 0);
    assert_string_equal(text_of(&t, "etc/passwd"), "mine");
    assert_non_null(text_of(&t, "etc/group"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_are_parsed_in_all_their_forms),
        cmocka_unit_test(users_that_cannot_be_are_refused),
        cmocka_unit_test(the_user_and_root_get_their_lines),
        cmocka_unit_test(root_is_not_listed_twice),
        cmocka_unit_test(group_root_is_number_0_whatever_the_groups_of_user_root),
        cmocka_unit_test(files_that_the_user_brought_stay),
    };
    return cmocka_run_group_tests_name("images/passwd", tests, NULL, NULL);
}
