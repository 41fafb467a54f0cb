/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "images/ld_conf.h"

static char root[] = "/tmp/berth-ld-XXXXXX";

static void
put(const char *name, const char *text)
{
    cleanup_free char *path = fs_join(root, name);
    struct err err = ERR_INIT;

    assert_int_equal(fs_write(path, text, strlen(text), 0644, &err), 0);
}

static void
folders_are_read_in_order_through_includes(void **state)
{
    static const char *const want[] = {"/first", "/a/one", "/a/two", "/b", "/last"};
    struct cli_list folders = {NULL, 0};
    struct err err = ERR_INIT;

    (void)state;
    put("etc/ld.so.conf", "# comment\n /first # why\n\ninclude ld.so.conf.d/*.conf\n"
                          "include /etc/none/*\nhwcap 0 nosegneg\n/last");
    put("etc/ld.so.conf.d/a.conf", "/a/one\n/a/two\n");
    put("etc/ld.so.conf.d/b.conf", "/b");
    put("etc/ld.so.conf.d/c.other", "/c");
    assert_int_equal(ld_conf_read(root, &folders, &err), 0);
    assert_int_equal(folders.n, ARRAY_LEN(want));
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        assert_string_equal(folders.v[i], want[i]);
    ld_conf_done(&folders);
}

static void
files_that_include_each_other_are_refused(void **state)
{
    struct cli_list folders = {NULL, 0};
    struct err err = ERR_INIT;

    (void)state;
    put("etc/ld.so.conf", "/x\ninclude /etc/ld.so.conf\n");
    assert_int_equal(ld_conf_read(root, &folders, &err), -1);
    assert_int_equal(err.code, ERR_LIMIT);
    ld_conf_done(&folders);
}

static void
a_machine_without_the_file_names_none(void **state)
{
    struct cli_list folders = {NULL, 0};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(ld_conf_read("/nonexistent", &folders, &err), 0);
    assert_int_equal(folders.n, 0);
}

static int
make_root(void **state)
{
    struct err err = ERR_INIT;
    cleanup_free char *folder = NULL;

    (void)state;
    if (mkdtemp(root) == NULL)
        return -1;
    folder = fs_join(root, "etc/ld.so.conf.d");
    return fs_mkdir_all(folder, 0755, &err);
}

static int
remove_root(void **state)
{
    static const char *const names[] = {"etc/ld.so.conf.d/a.conf", "etc/ld.so.conf.d/b.conf",
                                        "etc/ld.so.conf.d/c.other", "etc/ld.so.conf"};
    static const char *const folders[] = {"etc/ld.so.conf.d", "etc", ""};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        cleanup_free char *path = fs_join(root, names[i]);

        unlink(path);
    }
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        cleanup_free char *path = fs_join(root, folders[i]);

        rmdir(path);
    }
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders_are_read_in_order_through_includes),
        cmocka_unit_test(files_that_include_each_other_are_refused),
        cmocka_unit_test(a_machine_without_the_file_names_none),
    };
    return cmocka_run_group_tests_name("images/ld_conf", tests, make_root, remove_root);
}
