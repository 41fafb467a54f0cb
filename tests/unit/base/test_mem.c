/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void
memory_is_zeroed_and_never_null(void **state UNUSED)
{
    cleanup_free char *none = mem_alloc(0);
    cleanup_free char *some = mem_alloc(64);

    assert_non_null(none);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(some[i], 0);
}

static void
strings_are_copied_and_terminated(void **state UNUSED)
{
    cleanup_free char *whole = mem_strdup("berth");
    cleanup_free char *part = mem_strndup("berth", 3);
    cleanup_free char *empty = mem_strndup(NULL, 0);
    cleanup_free char *printed = mem_printf("%s-%d", "a", 7);

    assert_string_equal(whole, "berth");
    assert_string_equal(part, "ber");
    assert_string_equal(empty, "");
    assert_string_equal(printed, "a-7");
}

static void
growing_keeps_the_content(void **state UNUSED)
{
    cleanup_free int *numbers = mem_realloc(NULL, 2, sizeof(int));

    numbers[0] = 1;
    numbers[1] = 2;
    numbers = mem_realloc(numbers, 1000, sizeof(int));
    assert_int_equal(numbers[0], 1);
    assert_int_equal(numbers[1], 2);
}

static void
stealing_leaves_nothing_to_clean_up(void **state UNUSED)
{
    char *kept;

    {
        cleanup_free char *text = mem_strdup("kept");

        kept = steal_ptr(&text);
        assert_null(text);
    }
    assert_string_equal(kept, "kept");
    free(kept);
}

static void
cleaning_up_preserves_errno(void **state UNUSED)
{
    errno = ENOENT;
    {
        cleanup_free char *text = mem_strdup("x");

        assert_non_null(text);
        errno = ENOENT;
    }
    assert_int_equal(errno, ENOENT);
}

static void
wiping_overwrites_every_byte(void **state UNUSED)
{
    char secret[] = "hunter2";

    mem_wipe(secret, sizeof(secret));
    for (size_t i = 0; i < sizeof(secret); i++)
        assert_int_equal(secret[i], 0);
    mem_wipe(NULL, 0);
}

/* Runs ask in a child; its one line on standard error goes to text. */
static int
death_of(void (*ask)(void), char *text, size_t room)
{
    int fds[2];
    int status = 0;
    pid_t child;
    ssize_t n;

    assert_int_equal(pipe(fds), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* cmocka's handler of SIGABRT would report a failed test. */
        signal(SIGABRT, SIG_DFL);
        dup2(fds[1], STDERR_FILENO);
        ask();
        _exit(0);
    }
    close(fds[1]);
    n = read(fds[0], text, room - 1);
    text[n > 0 ? n : 0] = '\0';
    close(fds[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void
ask_for_an_overflow(void)
{
    free(mem_realloc(NULL, SIZE_MAX / 2, 4));
}

static void
ask_by_mem_fail(void)
{
    mem_fail(12);
}

static void
out_of_memory_ends_the_program_with_one_line(void **state UNUSED)
{
    char text[256];
    int status = death_of(ask_for_an_overflow, text, sizeof(text));

    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(text, "out of memory"));
    status = death_of(ask_by_mem_fail, text, sizeof(text));
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_string_equal(text, "out of memory (12 bytes)\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_never_null),
        cmocka_unit_test(strings_are_copied_and_terminated),
        cmocka_unit_test(growing_keeps_the_content),
        cmocka_unit_test(stealing_leaves_nothing_to_clean_up),
        cmocka_unit_test(cleaning_up_preserves_errno),
        cmocka_unit_test(wiping_overwrites_every_byte),
        cmocka_unit_test(out_of_memory_ends_the_program_with_one_line),
    };

    return cmocka_run_group_tests_name("base/mem", tests, NULL, NULL);
}
