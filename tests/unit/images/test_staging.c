/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "images/staging.h"

static char folder[] = "/tmp/berth-staging-XXXXXX";

static int
make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int
remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void
a_published_file_has_its_name_and_the_users_umask(void **state)
{
    struct staged s = STAGED_INIT;
    cleanup_free char *path = fs_join(folder, "x");
    struct err err = ERR_INIT;
    struct stat st;
    mode_t before = umask(027);

    (void)state;
    assert_int_equal(staging_create(folder, &s, &err), 0);
    umask(before);
    assert_true(staging_is_name(fs_basename(s.name)));
    assert_int_equal(staging_publish(&s, path, &err), 0);
    staging_discard(&s);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(unlink(path), 0);
}

static void
a_discarded_file_is_gone(void **state)
{
    struct staged s = STAGED_INIT;
    struct err err = ERR_INIT;
    cleanup_free char *name = NULL;

    (void)state;
    assert_int_equal(staging_create(folder, &s, &err), 0);
    name = mem_strdup(s.name);
    staging_discard(&s);
    assert_false(fs_exists(name));
    staging_discard(&s);
}

static void
a_nameless_file_cannot_be_seen(void **state)
{
    struct staged s = STAGED_INIT;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(staging_create_nameless(folder, &s, &err), 0);
    assert_true(s.fd >= 0);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(mkdir(folder, 0700), 0);
    staging_discard(&s);
    assert_true(fs_exists(folder));
}

static void
a_nameless_file_does_not_wait_for_the_folders_lock(void **state)
{
    struct staged s = STAGED_INIT;
    struct err err = ERR_INIT;
    cleanup_fd int lock = staging_lock(folder, &err);
    struct stat st;

    (void)state;
    assert_true(lock >= 0);
    alarm(10); /* ends the test where it would wait for ever */
    assert_int_equal(staging_create_nameless(folder, &s, &err), 0);
    alarm(0);
    assert_int_equal(fstat(s.fd, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_nlink, 0);
    staging_discard(&s);
}

static void
orphans_are_removed_and_files_in_use_are_not(void **state)
{
    cleanup_free char *orphan = fs_join(folder, ".imagegen-1-1");
    cleanup_free char *other = fs_join(folder, ".imagegenx");
    struct staged used = STAGED_INIT, next = STAGED_INIT;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(staging_create(folder, &used, &err), 0);
    assert_int_equal(fs_write(orphan, "x", 1, 0644, &err), 0);
    assert_int_equal(fs_write(other, "x", 1, 0644, &err), 0);
    assert_int_equal(staging_create(folder, &next, &err), 0);
    assert_false(fs_exists(orphan));
    assert_true(fs_exists(used.name));
    assert_true(fs_exists(other));
    staging_discard(&used);
    staging_discard(&next);
    assert_int_equal(unlink(other), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_published_file_has_its_name_and_the_users_umask),
        cmocka_unit_test(a_discarded_file_is_gone),
        cmocka_unit_test(a_nameless_file_cannot_be_seen),
        cmocka_unit_test(a_nameless_file_does_not_wait_for_the_folders_lock),
        cmocka_unit_test(orphans_are_removed_and_files_in_use_are_not),
    };
    return cmocka_run_group_tests_name("images/staging", tests, make_folder, remove_folder);
}
