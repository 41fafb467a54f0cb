/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pidfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"

static char folder[] = "/tmp/test_pidfile.XXXXXX";
static char path[64], second[64];

static int
make_folder(void **state)
{
    (void)state;
    memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/pid", folder);
    snprintf(second, sizeof(second), "%s/pid.2", folder);
    return 0;
}

static int
remove_folder(void **state)
{
    (void)state;
    unlink(path);
    unlink(second);
    return rmdir(folder);
}

static void
write_text(const char *file, const char *text)
{
    struct err err = ERR_INIT;

    assert_int_equal(fs_write(file, text, strlen(text), 0644, &err), 0);
}

static void
assert_own(const char *file)
{
    cleanup_buf struct buf text = BUF_INIT(64);
    struct err err = ERR_INIT;
    char own[32];

    snprintf(own, sizeof(own), "%ld\n", (long)getpid());
    assert_int_equal(fs_read(file, &text, &err), 0);
    assert_string_equal(buf_cstr(&text), own);
}

static void
it_is_there_from_open_to_close(void **state)
{
    struct err err = ERR_INIT;
    struct pidfile p;

    (void)state;
    assert_int_equal(pidfile_open(&p, path, false, &err), 0);
    assert_own(path);
    pidfile_close(&p);
    assert_false(fs_exists(path));
    pidfile_close(&p);
}

static void
without_a_path_nothing_happens(void **state)
{
    struct err err = ERR_INIT;
    struct pidfile p;

    (void)state;
    assert_int_equal(pidfile_open(&p, NULL, false, &err), 0);
    assert_int_equal(pidfile_promote(&p, &err), 0);
    pidfile_close(&p);
}

static void
what_the_dead_left_and_what_is_no_number_is_replaced(void **state)
{
    pid_t pid = fork();
    char text[32];
    const char *const texts[] = {"", "nobody\n", "0\n", "99999999999999\n", text};

    (void)state;
    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    snprintf(text, sizeof(text), "%ld\n", (long)pid);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct err err = ERR_INIT;
        struct pidfile p;

        write_text(path, texts[i]);
        assert_int_equal(pidfile_open(&p, path, false, &err), 0);
        assert_own(path);
        pidfile_close(&p);
    }
}

static void
the_living_keep_theirs(void **state)
{
    struct err err = ERR_INIT;
    struct pidfile p;

    (void)state;
    write_text(path, "1\n");
    assert_int_equal(pidfile_open(&p, path, false, &err), -1);
    assert_int_equal(err.code, ERR_EXISTS);
    assert_non_null(strstr(err.msg, "process 1 is running already"));
    assert_true(fs_exists(path));
}

static void
one_that_names_another_by_now_is_not_removed(void **state)
{
    struct err err = ERR_INIT;
    struct pidfile p;

    (void)state;
    assert_int_equal(pidfile_open(&p, path, false, &err), 0);
    write_text(path, "1\n");
    pidfile_close(&p);
    assert_true(fs_exists(path));
}

static void
beside_another_it_waits_for_the_name(void **state)
{
    struct err err = ERR_INIT;
    struct pidfile p;

    (void)state;
    write_text(path, "1\n");
    assert_int_equal(pidfile_open(&p, path, true, &err), 0);
    assert_own(second);
    unlink(path);
    assert_int_equal(pidfile_promote(&p, &err), 0);
    assert_own(path);
    assert_false(fs_exists(second));
    pidfile_close(&p);
    assert_false(fs_exists(path));
}

static void
a_folder_that_is_not_there_is_an_error(void **state)
{
    struct err err = ERR_INIT;
    struct pidfile p;
    char nowhere[96];

    (void)state;
    snprintf(nowhere, sizeof(nowhere), "%s/no/pid", folder);
    assert_int_equal(pidfile_open(&p, nowhere, false, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_there_from_open_to_close),
        TEST(without_a_path_nothing_happens),
        TEST(what_the_dead_left_and_what_is_no_number_is_replaced),
        TEST(the_living_keep_theirs),
        TEST(one_that_names_another_by_now_is_not_removed),
        TEST(beside_another_it_waits_for_the_name),
        TEST(a_folder_that_is_not_there_is_an_error),
    };

    return cmocka_run_group_tests_name("server/pidfile", tests, NULL, NULL);
}
