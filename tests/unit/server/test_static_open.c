/* SPDX-License-Identifier: Apache-2.0 */
#include "server/static_open.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"

static char root[] = "/tmp/test_static_open.XXXXXX";
static int folder = -1;

static int
make_folder(void **state)
{
    int fd;

    (void)state;
    if (mkdtemp(root) == NULL || chdir(root) < 0 || mkdir("www", 0755) < 0 ||
        mkdir("www/sub", 0755) < 0)
        return -1;
    fd = open("secret", O_CREAT | O_WRONLY, 0644);
    close(fd);
    fd = open("www/sub/file", O_CREAT | O_WRONLY, 0644);
    close(fd);
    folder = open("www", O_PATH | O_DIRECTORY);
    return symlink("../secret", "www/out") < 0 || symlink("/etc/passwd", "www/absolute") < 0 ||
                   symlink("sub/file", "www/in") < 0 || symlink("..", "www/up") < 0 || folder < 0
               ? -1
               : 0;
}

static int
remove_folder(void **state)
{
    static const char *const names[] = {"www/sub/file", "www/sub", "www/out", "www/absolute",
                                        "www/in",       "www/up",  "secret",  "www"};

    (void)state;
    close(folder);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        remove(names[i]);
    return rmdir(root);
}

static void
names_that_climb_or_hide_are_not_allowed(void **state)
{
    static const char *const good[] = {"a", "a/b.html", ".well-known/x", "a..b", "a b"};
    static const char *const bad[] = {
        "",       "/", "/a",    "a/",     "a//b",   "..",        "../a",
        "a/../b", ".", "a/./b", ".git/x", "a/.env", ".htaccess", "a/.well-known/.x"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(static_open_allowed(str_from(good[i])));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (static_open_allowed(str_from(bad[i])))
            fail_msg("'%s' was allowed", bad[i]);
    }
}

static void
expect(int (*way)(int, const char *), const char *path, bool opens)
{
    int fd = way(folder, path);

    if ((fd >= 0) != opens)
        fail_msg("'%s' %s", path, fd >= 0 ? "was opened" : "was not opened");
    if (fd >= 0)
        close(fd);
}

static void
nothing_leads_out_of_the_folder(void **state)
{
    static int (*const ways[])(int, const char *) = {static_open, static_open_beneath,
                                                     static_open_walk};
    static const char *const bad[] = {
        "out", "absolute", "up/secret", "../secret", "sub/../../secret", "missing", "sub/file/x"};

    (void)state;
    for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
        expect(ways[w], "sub/file", true);
        expect(ways[w], "sub", true);
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
            /* ".." never reaches the walk: static_open_allowed() is before it. */
            if (ways[w] != static_open_walk || str_find(str_from(bad[i]), '.') < 0)
                expect(ways[w], bad[i], false);
        }
    }
}

static void
links_within_the_folder_need_openat2(void **state)
{
    (void)state;
    expect(static_open_walk, "in", false);
    if (static_open_beneath(folder, "sub/file") >= 0)
        expect(static_open_beneath, "in", true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_climb_or_hide_are_not_allowed),
        cmocka_unit_test(nothing_leads_out_of_the_folder),
        cmocka_unit_test(links_within_the_folder_need_openat2),
    };
    return cmocka_run_group_tests_name("server/static_open", tests, make_folder, remove_folder);
}
