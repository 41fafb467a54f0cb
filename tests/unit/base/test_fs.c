/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"

enum { FILE_MAX = 1024 * 1024 };

/* Each test has a folder of its own, below the one the program was started with. */
static int
make_folder(void **state)
{
    const char *base = getenv("TMPDIR");
    char *folder = mem_printf("%s/berth-test-fs-XXXXXX", base != NULL ? base : "/tmp");

    *state = folder;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static void
remove_tree(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        cleanup_free char *child = fs_join(path, entry->d_name);

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (entry->d_type == DT_DIR)
            remove_tree(child);
        else
            unlink(child);
    }
    if (dir != NULL)
        closedir(dir);
    rmdir(path);
}

static int
remove_folder(void **state)
{
    remove_tree(*state);
    free(*state);
    return 0;
}

static size_t
entries_of(const char *path)
{
    DIR *dir = opendir(path);
    size_t n = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n - 2;
}

static void
assert_content(const char *path, const char *want)
{
    cleanup_buf struct buf got = BUF_INIT(FILE_MAX);
    struct err err = ERR_INIT;

    assert_int_equal(fs_read(path, &got, &err), 0);
    assert_string_equal(buf_cstr(&got), want);
}

static void
what_was_written_is_read_back_with_its_mode(void **state)
{
    cleanup_free char *path = fs_join(*state, "f");
    struct err err = ERR_INIT;
    struct stat st;

    assert_int_equal(fs_write(path, "one", 3, 0640, &err), 0);
    assert_int_equal(fs_write(path, "two!", 4, 0600, &err), 0);
    assert_content(path, "two!");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(entries_of(*state), 1);
}

static void
a_read_stops_at_the_limit_and_not_before(void **state)
{
    cleanup_free char *path = fs_join(*state, "f");
    struct err err = ERR_INIT;

    assert_int_equal(fs_write(path, "12345", 5, 0644, &err), 0);
    for (size_t limit = 0; limit < 8; limit++) {
        cleanup_buf struct buf got = BUF_INIT(limit);

        assert_int_equal(fs_read(path, &got, &err), limit < 5 ? -1 : 0);
        if (limit < 5)
            assert_int_equal(err.code, ERR_LIMIT);
    }
}

static void
files_of_unknown_size_are_read_whole(void **state UNUSED)
{
    cleanup_buf struct buf got = BUF_INIT(FILE_MAX);
    struct err err = ERR_INIT;

    assert_int_equal(fs_read("/proc/self/status", &got, &err), 0);
    assert_true(str_starts(buf_view(&got), "Name:"));
}

static void
a_missing_file_a_folder_and_a_missing_folder_are_named(void **state)
{
    cleanup_free char *missing = fs_join(*state, "missing");
    cleanup_free char *deep = fs_join(*state, "missing/f");
    cleanup_buf struct buf got = BUF_INIT(FILE_MAX);
    struct err err = ERR_INIT;

    assert_int_equal(fs_read(missing, &got, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_non_null(strstr(err.msg, missing));
    assert_int_equal(fs_read(*state, &got, &err), -1);
    assert_int_equal(err.code, ERR_IO);
    assert_int_equal(fs_write(deep, "x", 1, 0644, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_int_equal(fs_write(*state, "x", 1, 0644, &err), -1);
    assert_int_equal(entries_of(*state), 0);
}

/* A disk that fills up is played by the limit on the size of files. */
static void
a_write_that_fails_halfway_leaves_the_old_content(void **state)
{
    cleanup_free char *path = fs_join(*state, "f");
    cleanup_free char *large = mem_alloc(FILE_MAX);
    struct err err = ERR_INIT;
    struct rlimit saved, small;

    assert_int_equal(fs_write(path, "old", 3, 0644, &err), 0);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
    small = (struct rlimit){4096, saved.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(fs_write(path, large, FILE_MAX, 0644, &err), -1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &saved), 0);
    assert_int_equal(err.code, ERR_LIMIT);
    assert_int_equal(err.sys, EFBIG);
    assert_content(path, "old");
    assert_int_equal(entries_of(*state), 1);
}

static void
an_aborted_stage_leaves_nothing_behind(void **state)
{
    cleanup_free char *path = fs_join(*state, "f");
    struct err err = ERR_INIT;

    {
        cleanup_fs_stage struct fs_stage s = FS_STAGE_INIT;

        assert_int_equal(fs_stage_open(&s, path, 0644, &err), 0);
        assert_int_equal(fs_write_fd(s.fd, path, "half", 4, &err), 0);
        assert_int_equal(entries_of(*state), 1);
        assert_false(fs_exists(path));
        errno = ENOTTY;
    }
    assert_int_equal(errno, ENOTTY);
    assert_int_equal(entries_of(*state), 0);
}

static void
a_committed_stage_survives_its_cleanup(void **state)
{
    cleanup_free char *path = fs_join(*state, "f");
    struct err err = ERR_INIT;

    {
        cleanup_fs_stage struct fs_stage s = FS_STAGE_INIT;

        assert_int_equal(fs_stage_open(&s, path, 0644, &err), 0);
        assert_int_equal(fs_write_fd(s.fd, path, "whole", 5, &err), 0);
        assert_int_equal(fs_stage_commit(&s, &err), 0);
    }
    assert_content(path, "whole");
    assert_int_equal(entries_of(*state), 1);
}

static void
a_device_is_written_to_and_stays_a_device(void **state)
{
    cleanup_free char *node = fs_join(*state, "null");
    struct err err = ERR_INIT;
    struct stat st;

    assert_int_equal(fs_write("/dev/null", "x", 1, 0644, &err), 0);
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    assert_int_equal(fs_write("/dev/full", "x", 1, 0644, &err), -1);
    assert_int_equal(err.sys, ENOSPC);
    assert_int_equal(symlink("/dev/null", node), 0);
    assert_int_equal(fs_write(node, "x", 1, 0644, &err), 0);
    assert_int_equal(lstat(node, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
}

static void
a_symbolic_link_stays_and_its_target_is_replaced(void **state)
{
    cleanup_free char *target = fs_join(*state, "target");
    cleanup_free char *link_path = fs_join(*state, "link");
    struct err err = ERR_INIT;
    struct stat st;

    assert_int_equal(fs_write(target, "old", 3, 0644, &err), 0);
    assert_int_equal(symlink("target", link_path), 0);
    assert_int_equal(fs_write(link_path, "new", 3, 0644, &err), 0);
    assert_int_equal(lstat(link_path, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_content(target, "new");
}

static void
folders_are_made_with_their_parents_and_may_exist(void **state)
{
    cleanup_free char *deep = fs_join(*state, "a/b//c/");
    cleanup_free char *file = fs_join(*state, "a/file");
    cleanup_free char *below = fs_join(*state, "a/file/d");
    struct err err = ERR_INIT;
    struct stat st;

    assert_int_equal(fs_mkdir_all(deep, 0755, &err), 0);
    assert_int_equal(fs_mkdir_all(deep, 0755, &err), 0);
    assert_int_equal(fs_mkdir_all("/", 0755, &err), 0);
    assert_int_equal(stat(deep, &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(fs_write(file, "x", 1, 0644, &err), 0);
    assert_int_equal(fs_mkdir_all(file, 0755, &err), -1);
    assert_int_equal(err.code, ERR_EXISTS);
    assert_int_equal(fs_mkdir_all(below, 0755, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_int_equal(fs_mkdir_all("", 0755, &err), -1);
}

static void
joining_puts_exactly_one_slash_between(void **state UNUSED)
{
    static const char *const cases[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"},      {"a//", "//b", "a/b"},
        {"/", "b", "/b"},  {"/a", "b/c", "/a/b/c"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_free char *got = fs_join(cases[i][0], cases[i][1]);

        assert_string_equal(got, cases[i][2]);
    }
}

static void
the_base_name_is_behind_the_last_slash(void **state UNUSED)
{
    assert_string_equal(fs_basename("/a/b.txt"), "b.txt");
    assert_string_equal(fs_basename("b.txt"), "b.txt");
    assert_string_equal(fs_basename("a/"), "");
}

static void
a_root_is_put_before_absolute_paths(void **state)
{
    cleanup_free char *file = fs_join(*state, "proc_cgroup");
    struct fs_root root = {*state};
    cleanup_buf struct buf got = BUF_INIT(FILE_MAX);
    struct err err = ERR_INIT;

    assert_int_equal(fs_write(file, "0::/\n", 5, 0644, &err), 0);
    assert_int_equal(fs_root_read(&root, "/proc_cgroup", &got, &err), 0);
    assert_string_equal(buf_cstr(&got), "0::/\n");
    root = FS_ROOT_SYSTEM;
    buf_clear(&got);
    assert_int_equal(fs_root_read(&root, "/proc/self/cgroup", &got, &err), 0);
}

static void
stealing_a_descriptor_keeps_it_open(void **state UNUSED)
{
    int kept;

    {
        cleanup_fd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        kept = steal_fd(&fd);
        assert_int_equal(fd, -1);
    }
    assert_int_equal(close(kept), 0);
}

int
main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_was_written_is_read_back_with_its_mode),
        IN_FOLDER(a_read_stops_at_the_limit_and_not_before),
        cmocka_unit_test(files_of_unknown_size_are_read_whole),
        IN_FOLDER(a_missing_file_a_folder_and_a_missing_folder_are_named),
        IN_FOLDER(a_write_that_fails_halfway_leaves_the_old_content),
        IN_FOLDER(an_aborted_stage_leaves_nothing_behind),
        IN_FOLDER(a_committed_stage_survives_its_cleanup),
        IN_FOLDER(a_device_is_written_to_and_stays_a_device),
        IN_FOLDER(a_symbolic_link_stays_and_its_target_is_replaced),
        IN_FOLDER(folders_are_made_with_their_parents_and_may_exist),
        cmocka_unit_test(joining_puts_exactly_one_slash_between),
        cmocka_unit_test(the_base_name_is_behind_the_last_slash),
        IN_FOLDER(a_root_is_put_before_absolute_paths),
        cmocka_unit_test(stealing_a_descriptor_keeps_it_open),
    };

    return cmocka_run_group_tests_name("base/fs", tests, NULL, NULL);
}
