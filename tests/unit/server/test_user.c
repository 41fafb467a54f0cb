/* SPDX-License-Identifier: Apache-2.0 */
#include "server/user.h"

#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/err.h"

enum { NOBODY_HERE = 54321, ANOTHER = 54322 };

static void
names_and_numbers_are_found(void **state UNUSED)
{
    static const struct {
        const char *user, *group;
        uid_t uid;
        gid_t gid;
    } cases[] = {
        {"root", NULL, 0, 0},
        {"0", NULL, 0, 0},
        {"54321", NULL, NOBODY_HERE, NOBODY_HERE},
        {"54321", "54322", NOBODY_HERE, ANOTHER},
        {"54321", "root", NOBODY_HERE, 0},
        {"nobody", "0", 65534, 0},
        {"65534", NULL, 65534, 65534},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        struct user u;

        assert_int_equal(user_find(cases[i].user, cases[i].group, &u, &err), 0);
        assert_true(u.wanted);
        assert_int_equal(u.uid, cases[i].uid);
        assert_int_equal(u.gid, cases[i].gid);
    }
}

static void
without_a_user_everything_stays(void **state UNUSED)
{
    struct err err = ERR_INIT;
    struct user u;

    assert_int_equal(user_find(NULL, NULL, &u, &err), 0);
    assert_false(u.wanted);
    assert_int_equal(user_find(NULL, "54322", &u, &err), 0);
    assert_true(u.wanted);
    assert_int_equal(u.uid, geteuid());
    assert_int_equal(u.gid, ANOTHER);
}

static void
who_is_not_known_is_refused_by_name(void **state UNUSED)
{
    static const char *const bad[] = {"", "no-such-user", "-1", "4294967295", "99999999999", "1x"};

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err err = ERR_INIT;
        struct user u;

        assert_int_equal(user_find(bad[i], NULL, &u, &err), -1);
        assert_int_equal(err.code, ERR_NOT_FOUND);
        assert_non_null(strstr(err.msg, "--user"));
        assert_int_equal(user_find("0", bad[i], &u, &err), -1);
        assert_non_null(strstr(err.msg, "--group"));
    }
}

static int
become(void)
{
    struct user u = {true, NOBODY_HERE, ANOTHER};
    struct user back = {true, 0, 0};
    struct err err = ERR_INIT;
    gid_t groups[1];

    if (user_check(&u, &err) < 0 || user_become(&u, &err) < 0)
        return 1;
    if (getuid() != NOBODY_HERE || geteuid() != NOBODY_HERE || getgid() != ANOTHER)
        return 2;
    if (getgroups(0, groups) != 0)
        return 3;
    if (setuid(0) == 0 || setgid(0) == 0)
        return 4;
    /* Once more is nothing new; another one is too late. */
    if (user_check(&u, &err) < 0 || user_become(&u, &err) < 0)
        return 5;
    return user_check(&back, &err) == -1 && err.code == ERR_DENIED && user_become(&back, &err) == -1
               ? 0
               : 6;
}

static void
root_becomes_the_user_for_good(void **state UNUSED)
{
    pid_t pid;
    int status;

    if (geteuid() != 0)
        skip();
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(become());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_numbers_are_found),
        cmocka_unit_test(without_a_user_everything_stays),
        cmocka_unit_test(who_is_not_known_is_refused_by_name),
        cmocka_unit_test(root_becomes_the_user_for_good),
    };

    return cmocka_run_group_tests_name("server/user", tests, NULL, NULL);
}
