/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "cpu/mountinfo.h"

static void
assert_view(struct str got, const char *want)
{
    if (!str_eq(got, want))
        fail_msg("'" STR_FMT "' instead of '%s'", STR_ARG(got), want);
}

static void
a_line_is_taken_apart_whatever_its_optional_fields(void **state)
{
    static const char *const lines[] = {
        "36 35 98:0 /root /mnt rw,noatime - ext4 /dev/sda1 rw,errors=continue",
        "36 35 98:0 /root /mnt rw,noatime shared:1 - ext4 /dev/sda1 rw,errors=continue\n",
        "36 35 98:0 /root /mnt rw shared:1 master:2 propagate_from:3 x - ext4 s rw,errors=continue",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct str text = str_from(lines[i]);
        struct mountinfo_entry e;

        assert_true(mountinfo_next(&text, &e));
        assert_view(e.root, "/root");
        assert_view(e.mount_point, "/mnt");
        assert_view(e.fs_type, "ext4");
        assert_view(e.super_options, "rw,errors=continue");
        assert_false(mountinfo_next(&text, &e));
    }
}

static void
lines_that_are_none_are_passed_over(void **state)
{
    static const char *const bad[] = {
        "",
        "\n\n\n",
        "-",
        " - ",
        "36 35 98:0 / /mnt rw",
        "36 35 98:0 / /mnt rw shared:1",
        "36 35 98:0 / /mnt rw -",
        "36 35 98:0 root /mnt rw - ext4 s rw",
        "36 35 98:0 / mnt rw - ext4 s rw",
        "36 35 98:0  /mnt rw - ext4 s rw",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct str text = str_from(bad[i]);
        struct mountinfo_entry e;

        if (mountinfo_next(&text, &e))
            fail_msg("line %zu was taken", i);
    }
}

static void
a_good_line_after_bad_ones_is_found(void **state)
{
    struct str text = str_from("x\n1 2 0:3 / /a rw\n1 2 0:3 / /b rw - cgroup2 none rw");
    struct mountinfo_entry e;

    (void)state;
    assert_true(mountinfo_next(&text, &e));
    assert_view(e.mount_point, "/b");
}

static void
super_options_may_hold_blanks_and_be_missing(void **state)
{
    struct str text = str_from("1 2 0:3 / /c rw - 9p C:\\134 rw,aname=drvfs;path=C:\\ x,cpu\n"
                               "1 2 0:3 / /d rw -  cgroup rw,cpu\n"
                               "1 2 0:3 / /e rw - cgroup2\n");
    struct mountinfo_entry e;

    (void)state;
    assert_true(mountinfo_next(&text, &e));
    assert_view(e.super_options, "rw,aname=drvfs;path=C:\\ x,cpu");
    assert_true(mountinfo_has_option(&e, "cpu"));
    assert_true(mountinfo_next(&text, &e));
    assert_view(e.fs_type, "");
    assert_true(mountinfo_next(&text, &e));
    assert_view(e.fs_type, "cgroup2");
    assert_false(mountinfo_has_option(&e, "cpu"));
}

static void
an_option_is_a_whole_word(void **state)
{
    struct mountinfo_entry e = {.super_options = STR_LIT("rw,cpuset,xcpu,cpu=1,cpuacct")};

    (void)state;
    assert_false(mountinfo_has_option(&e, "cpu"));
    assert_true(mountinfo_has_option(&e, "cpuacct"));
    assert_true(mountinfo_has_option(&e, "rw"));
}

static void
octal_escapes_become_bytes_and_others_stay(void **state)
{
    const struct {
        const char *field, *path;
    } table[] = {
        {"/a\\040b", "/a b"},    {"/a\\011b\\012c\\134d", "/a\tb\nc\\d"},
        {"/\\134040", "/\\040"}, {"/a\\04", "/a\\04"},
        {"/a\\", "/a\\"},        {"/\\0x0", "/\\0x0"},
        {"/\\089", "/\\089"},    {"/\\377", "/\377"},
        {"/\\400", "/\\400"},    {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        cleanup_buf struct buf path = BUF_INIT(64);

        mountinfo_unescape(str_from(table[i].field), &path);
        assert_string_equal(buf_cstr(&path), table[i].path);
    }
}

static void
a_line_of_a_megabyte_is_one_line(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(2 * 1024 * 1024);
    struct mountinfo_entry e;
    struct str rest;

    (void)state;
    buf_append_str(&text, "1 2 0:3 / / rw - overlay overlay rw,lowerdir=");
    for (int i = 0; i < 32768; i++)
        buf_appendf(&text, "/var/lib/docker/overlay2/l/%05d:", i);
    buf_append_str(&text, "\n1 2 0:3 / /last rw - cgroup2 none rw\n");
    assert_false(text.overflow);
    rest = buf_view(&text);
    assert_true(mountinfo_next(&rest, &e));
    assert_view(e.fs_type, "overlay");
    assert_true(e.super_options.n > 1024 * 1024);
    assert_true(mountinfo_next(&rest, &e));
    assert_view(e.mount_point, "/last");
    assert_false(mountinfo_next(&rest, &e));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_taken_apart_whatever_its_optional_fields),
        cmocka_unit_test(lines_that_are_none_are_passed_over),
        cmocka_unit_test(a_good_line_after_bad_ones_is_found),
        cmocka_unit_test(super_options_may_hold_blanks_and_be_missing),
        cmocka_unit_test(an_option_is_a_whole_word),
        cmocka_unit_test(octal_escapes_become_bytes_and_others_stay),
        cmocka_unit_test(a_line_of_a_megabyte_is_one_line),
    };
    return cmocka_run_group_tests_name("cpu/mountinfo", tests, NULL, NULL);
}
