/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is too large or too odd for a folder of tests/cases/cpu: each test makes a root of its own.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cpu/cgroup.h"
#include "cpu/ladder.h"

enum { TEXT_MAX = 32 * 1024 * 1024 };

static const char V2_MOUNT[] = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

static int
make_root(void **state)
{
    char *dir = mem_strdup("/tmp/berth-cgroup.XXXXXX");

    *state = mkdtemp(dir);
    return *state == NULL ? -1 : 0;
}

static int
remove_root(void **state)
{
    nftw(*state, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return 0;
}

static void
put(const char *root, const char *path, const void *p, size_t n)
{
    cleanup_free char *full = mem_printf("%s%s", root, path);
    cleanup_free char *dir = mem_strndup(full, (size_t)(fs_basename(full) - full));
    struct err err = ERR_INIT;

    if (fs_mkdir_all(dir, 0755, &err) < 0 || fs_write(full, p, n, 0644, &err) < 0)
        fail_msg("%s", err.msg);
}

static void
put_text(const char *root, const char *path, const char *text)
{
    put(root, path, text, strlen(text));
}

static struct cpu_limits
look(const char *root)
{
    struct cpu_opts opts = {.root = {root}};
    struct cpu_limits limits = {0};
    struct ladder ladder = {&opts, &limits};

    cgroup_look(&ladder);
    ladder_decide(&limits);
    return limits;
}

static void
lines_beyond_64_kib_do_not_hide_the_cgroup(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    cleanup_cpu_limits struct cpu_limits limits = {0};

    for (int line = 0; line < 3; line++) {
        buf_append_str(&text, "27 1 0:49 / / rw,relatime - overlay overlay rw,lowerdir=");
        for (int i = 0; i < 4000; i++)
            buf_appendf(&text, "/var/lib/docker/overlay2/l/%05d:", i);
        buf_append_char(&text, '\n');
    }
    buf_append_str(&text, V2_MOUNT);
    put(*state, "/proc/self/mountinfo", text.p, text.n);
    put_text(*state, "/proc/self/cgroup", "0::/\n");
    put_text(*state, "/sys/fs/cgroup/cpu.max", "50000 100000\n");
    limits = look(*state);
    assert_true(limits.cpus == 0.5);
}

static void
of_a_mountinfo_beyond_its_limit_the_whole_lines_count(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    cleanup_cpu_limits struct cpu_limits limits = {0};

    buf_append_str(&text, V2_MOUNT);
    while (text.n < 17 * 1024 * 1024)
        buf_append_str(&text,
                       "9 1 0:49 / /x rw - cgroup2 a-mount-among-very-many rw,some,options\n");
    put(*state, "/proc/self/mountinfo", text.p, text.n);
    put_text(*state, "/proc/self/cgroup", "0::/\n");
    put_text(*state, "/sys/fs/cgroup/cpu.max", "50000 100000\n");
    limits = look(*state);
    assert_true(limits.cpus == 0.5);
}

static void
a_limit_file_that_never_ends_is_not_read_to_its_end(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    cleanup_cpu_limits struct cpu_limits limits = {0};

    while (text.n < 1024 * 1024)
        buf_append_str(&text, "50000 ");
    put_text(*state, "/proc/self/mountinfo", V2_MOUNT);
    put_text(*state, "/proc/self/cgroup", "0::/\n");
    put(*state, "/sys/fs/cgroup/cpu.max", text.p, text.n);
    limits = look(*state);
    assert_int_equal(limits.cpus_source, CPU_SOURCE_NONE);
    assert_string_equal(limits.rungs[0].note, "larger than 65536 bytes, not read");
}

static void
the_lowest_of_three_hundred_levels_is_found(void **state)
{
    cleanup_buf struct buf path = BUF_INIT(TEXT_MAX);
    cleanup_free char *own = NULL;
    cleanup_cpu_limits struct cpu_limits limits = {0};

    for (int level = 1; level <= 300; level++) {
        cleanup_free char *file = NULL;

        buf_appendf(&path, "/l%d", level);
        file = mem_printf("/sys/fs/cgroup%s/cpu.max", buf_cstr(&path));
        put_text(*state, file, level == 150 ? "12000 100000" : "80000 100000");
    }
    own = mem_printf("0::%s\n", buf_cstr(&path));
    put_text(*state, "/proc/self/cgroup", own);
    put_text(*state, "/proc/self/mountinfo", V2_MOUNT);
    limits = look(*state);
    assert_true(limits.cpus == 0.12);
    assert_true(str_ends(str_from(limits.cpus_where), "/l150/cpu.max"));
}

static void
a_hundred_mounts_of_a_controller_are_bounded(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    cleanup_cpu_limits struct cpu_limits limits = {0};

    buf_append_str(&text, V2_MOUNT);
    for (int i = 0; i < 100; i++)
        buf_appendf(&text, "9 1 0:26 /pod /mnt/%d rw - cgroup2 cgroup2 rw\n", i);
    put(*state, "/proc/self/mountinfo", text.p, text.n);
    put_text(*state, "/proc/self/cgroup", "0::/pod\n");
    put_text(*state, "/sys/fs/cgroup/pod/cpu.max", "70000 100000\n");
    put_text(*state, "/sys/fs/cgroup/cpu.max", "60000 100000\n");
    limits = look(*state);
    assert_true(limits.cpus == 0.6);
}

static void
mounts_of_other_containers_do_not_push_the_own_one_out(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    cleanup_cpu_limits struct cpu_limits limits = {0};

    for (int i = 0; i < 500; i++)
        buf_appendf(&text, "9 1 0:26 /pod/%d /mnt/%d rw - cgroup2 cgroup2 rw\n", i, i);
    buf_append_str(&text, V2_MOUNT);
    put(*state, "/proc/self/mountinfo", text.p, text.n);
    put_text(*state, "/proc/self/cgroup", "0::/mine\n");
    put_text(*state, "/sys/fs/cgroup/mine/cpu.max", "70000 100000\n");
    limits = look(*state);
    assert_true(limits.cpus == 0.7);
}

static void
a_cgroup_named_with_control_characters_cannot_forge_a_line(void **state)
{
    cleanup_cpu_limits struct cpu_limits limits = {0};

    put_text(*state, "/proc/self/mountinfo", V2_MOUNT);
    put_text(*state, "/proc/self/cgroup", "0::/a\x1b[2Jb\x7f\xff\n");
    put_text(*state, "/sys/fs/cgroup/a\x1b[2Jb\x7f\xff/cpu.max", "50000 100000\n");
    limits = look(*state);
    assert_true(limits.cpus == 0.5);
    assert_string_equal(limits.cpus_where, "/sys/fs/cgroup/a\\x1b[2Jb\\x7f\\xff/cpu.max");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_beyond_64_kib_do_not_hide_the_cgroup, make_root,
                                        remove_root),
        cmocka_unit_test_setup_teardown(of_a_mountinfo_beyond_its_limit_the_whole_lines_count,
                                        make_root, remove_root),
        cmocka_unit_test_setup_teardown(a_limit_file_that_never_ends_is_not_read_to_its_end,
                                        make_root, remove_root),
        cmocka_unit_test_setup_teardown(the_lowest_of_three_hundred_levels_is_found, make_root,
                                        remove_root),
        cmocka_unit_test_setup_teardown(a_hundred_mounts_of_a_controller_are_bounded, make_root,
                                        remove_root),
        cmocka_unit_test_setup_teardown(mounts_of_other_containers_do_not_push_the_own_one_out,
                                        make_root, remove_root),
        cmocka_unit_test_setup_teardown(a_cgroup_named_with_control_characters_cannot_forge_a_line,
                                        make_root, remove_root),
    };
    return cmocka_run_group_tests_name("cpu/cgroup", tests, NULL, NULL);
}
