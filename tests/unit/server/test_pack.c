/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pack.h"

#include <endian.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "server/pack_write.h"

enum { ARCHIVE_MAX = 64 * 1024 };

static char root[] = "/tmp/test_pack.XXXXXX";
static struct buf archive = BUF_INIT(ARCHIVE_MAX);

/* In the order of the index. */
static const struct {
    const char *path, *content;
} files[] = {
    {".well-known/x", "known"},
    {"a.js", "var a"},
    {"a.js.gz", "gz"},
    {"sub!", "!"},
    {"sub-x", "-"},
    {"sub/e", ""},
    {"sub/z", "z"},
};

static void
write_file(const char *path, const char *content)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
}

static int
make_archive(void **state)
{
    struct pack_made made;
    struct err err = ERR_INIT;

    (void)state;
    if (mkdtemp(root) == NULL || chdir(root) < 0 || mkdir("www", 0755) < 0 ||
        mkdir("www/sub", 0755) < 0 || mkdir("www/.well-known", 0755) < 0 ||
        mkdir("www/.git", 0755) < 0)
        return -1;
    write_file("www/.git/secret", "secret");
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[64];

        snprintf(path, sizeof(path), "www/%s", files[i].path);
        write_file(path, files[i].content);
    }
    if (pack_write("www", "pack", &made, &err) < 0 || fs_read("pack", &archive, &err) < 0)
        return -1;
    return made.files == ARRAY_LEN(files) && made.bytes == archive.n ? 0 : -1;
}

static int
remove_archive(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[64];

        snprintf(path, sizeof(path), "www/%s", files[i].path);
        unlink(path);
    }
    unlink("www/.git/secret");
    unlink("pack");
    rmdir("www/.git");
    rmdir("www/.well-known");
    rmdir("www/sub");
    rmdir("www");
    buf_done(&archive);
    return rmdir(root);
}

static void
every_file_is_found_with_its_content(void **state)
{
    struct err err = ERR_INIT;
    struct pack *p = pack_open("pack", &err);
    uint32_t at;

    (void)state;
    assert_non_null(p);
    assert_int_equal(p->n, ARRAY_LEN(files));
    for (uint32_t i = 0; i < ARRAY_LEN(files); i++) {
        assert_true(pack_find(p, str_from(files[i].path), &at));
        assert_int_equal(at, i);
        assert_int_equal(p->files[i].size, strlen(files[i].content));
        assert_memory_equal(p->bytes + p->files[i].at, files[i].content, p->files[i].size);
    }
    assert_int_equal(p->files[1].coded[2], 3); /* a.js.gz */
    assert_string_equal(p->files[1].type, "text/javascript; charset=utf-8");
    assert_false(pack_find(p, STR_LIT("a.j"), &at));
    assert_false(pack_find(p, STR_LIT(".git/secret"), &at));
    assert_true(pack_has_folder(p, STR_LIT("sub")));
    assert_false(pack_has_folder(p, STR_LIT("su")));
    assert_false(pack_has_folder(p, STR_LIT("sub/e")));
    assert_false(pack_has_folder(p, STR_LIT("zzz")));
    pack_close(p);
}

/* The published values of FNV-1a. */
static void
digests_are_fnv_1a(void **state)
{
    static const uint8_t foobar[PACK_DIGEST] = {0x34, 0x3e, 0x16, 0x62, 0x79, 0x3c, 0x64, 0xbf,
                                                0x6f, 0x0d, 0x35, 0x97, 0xba, 0x44, 0x6f, 0x18};
    uint8_t out[PACK_DIGEST];

    (void)state;
    pack_digest_bytes(pack_digest_add(pack_digest_add(pack_digest_start, "foo", 3), "bar", 3), out);
    assert_memory_equal(out, foobar, PACK_DIGEST);
    assert_true(pack_check("foobar", 6) == 0x85944171f73967e8);
}

static void
the_same_tree_gives_the_same_bytes_whatever_its_times(void **state)
{
    cleanup_buf struct buf again = BUF_INIT(ARCHIVE_MAX);
    struct timespec times[2] = {{1000000000, 0}, {1000000000, 0}};
    struct pack_made made;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(utimensat(AT_FDCWD, "www/a.js", times, 0), 0);
    assert_int_equal(pack_write("www", "pack", &made, &err), 0);
    assert_int_equal(fs_read("pack", &again, &err), 0);
    assert_int_equal(again.n, archive.n);
    assert_memory_equal(again.p, archive.p, archive.n);
}

static int
parse_changed(const char *bytes, size_t n, bool make_right, struct err *err)
{
    char *copy = malloc(n + 1);
    uint64_t check = htole64(pack_check(bytes + PACK_HEADER, 0));
    uint32_t files_n;
    uint64_t text_n;
    struct pack *p;

    memcpy(copy + 1, bytes, n);
    memcpy(&files_n, bytes + 12, sizeof(files_n));
    memcpy(&text_n, bytes + 16, sizeof(text_n));
    if (make_right) {
        check = htole64(pack_check(bytes + PACK_HEADER, (size_t)le32toh(files_n) * PACK_RECORD +
                                                            (size_t)le64toh(text_n)));
        memcpy(copy + 1 + 32, &check, sizeof(check));
    }
    p = pack_parse(copy + 1, n, err);
    pack_close(p);
    free(copy);
    return p != NULL ? 0 : -1;
}

/* But for paddings and contents, whose bytes nothing says, and what a digest or another letter may
 * be.  With the check made right the checks behind it are what refuses. */
static void
every_changed_number_is_refused(void **state)
{
    struct err err = ERR_INIT;
    static const struct {
        size_t at;
        const char *words;
    } cases[] = {
        {0, "no archive"},
        {8, "version"},
        {12, "broken"}, /* how many files */
        {16, "broken"}, /* the text's size */
        {24, "bytes instead of"},
        {40, "header"},
        {63, "header"},
        {PACK_HEADER, "name"},
        {PACK_HEADER + 4, "type"},
        {PACK_HEADER + 8, "compressed"},
        {PACK_HEADER + 20, "record"},
        {PACK_HEADER + 24, "place"},
        {PACK_HEADER + 32, "place"},
        {PACK_HEADER + 39, "place"},
        {PACK_HEADER + 56, "record"},
        {PACK_HEADER + PACK_RECORD + 16, "compressed"}, /* a.js has a.js.gz */
        {PACK_HEADER + 7 * PACK_RECORD, "order"},       /* "nwell-known" */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *copy = malloc(archive.n);

        memcpy(copy, archive.p, archive.n);
        copy[cases[i].at] = (char)(copy[cases[i].at] ^ (cases[i].at == 39 ? 0x80 : 0x40));
        /* The header's own numbers say where index and text end. */
        if (parse_changed(copy, archive.n, cases[i].at >= PACK_HEADER, &err) == 0 ||
            strstr(err.msg, cases[i].words) == NULL)
            fail_msg("byte %zu: %s", cases[i].at, err.msg);
        free(copy);
    }
}

static void
a_part_of_an_archive_is_refused(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    for (size_t n = 0; n < archive.n; n++) {
        char *copy = malloc(n + 1);

        memcpy(copy + 1, archive.p, n);
        assert_null(pack_parse(copy + 1, n, &err));
        free(copy);
    }
}

static void
what_cannot_be_packed_is_named(void **state)
{
    struct pack_made made;
    struct err err = ERR_INIT;
    struct timespec old[2] = {{1000000, 0}, {1000000, 0}};

    (void)state;
    assert_int_equal(symlink("/etc/passwd", "www/out"), 0);
    assert_int_equal(pack_write("www", "other", &made, &err), -1);
    assert_non_null(strstr(err.msg, "www: 'out': a link that is not followed"));
    unlink("www/out");
    assert_int_equal(symlink("sub", "www/loop"), 0);
    assert_int_equal(pack_write("www", "other", &made, &err), -1);
    assert_non_null(strstr(err.msg, "'loop': a link to what is no file"));
    unlink("www/loop");
    assert_int_equal(mkfifo("www/fifo", 0644), 0);
    assert_int_equal(pack_write("www", "other", &made, &err), -1);
    assert_non_null(strstr(err.msg, "'fifo' is neither a file nor a folder"));
    unlink("www/fifo");
    assert_int_equal(utimensat(AT_FDCWD, "www/a.js.gz", old, 0), 0);
    assert_int_equal(pack_write("www", "other", &made, &err), -1);
    assert_non_null(strstr(err.msg, "'a.js.gz' is older than 'a.js'"));
    assert_int_equal(utimensat(AT_FDCWD, "www/a.js.gz", NULL, 0), 0);
    assert_int_equal(pack_write("www/.git/none", "other", &made, &err), -1);
    assert_int_equal(mkdir("empty", 0755), 0);
    assert_int_equal(pack_write("empty", "other", &made, &err), -1);
    assert_non_null(strstr(err.msg, "empty: there is no file"));
    rmdir("empty");
    assert_int_equal(pack_write("www", "www/sub/z", &made, &err), -1);
    assert_non_null(strstr(err.msg, "'sub/z' is the archive itself"));
    assert_int_equal(access("other", F_OK), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_is_found_with_its_content),
        cmocka_unit_test(digests_are_fnv_1a),
        cmocka_unit_test(the_same_tree_gives_the_same_bytes_whatever_its_times),
        cmocka_unit_test(every_changed_number_is_refused),
        cmocka_unit_test(a_part_of_an_archive_is_refused),
        cmocka_unit_test(what_cannot_be_packed_is_named),
    };
    return cmocka_run_group_tests_name("server/pack", tests, make_archive, remove_archive);
}
