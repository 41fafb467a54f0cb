/* SPDX-License-Identifier: Apache-2.0 */
#include "server/log_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"

enum { LONG_MS = 20000, TEXT_MAX = 16 * 1024 * 1024 };

static struct log_writer *
open_writer(int fd, size_t bytes)
{
    struct err err = ERR_INIT;
    struct log_writer *w = log_writer_open(fd, bytes, &err);

    if (w == NULL)
        fail_msg("%s", err.msg);
    return w;
}

static bool
put(struct log_writer *w, const char *line, size_t n)
{
    char *room = log_writer_room(w);

    if (room == NULL)
        return false;
    memset(room, '!', LOG_WRITER_ROOM); /* all of it may be touched */
    memcpy(room, line, n);
    log_writer_added(w, n);
    return true;
}

static void
open_pipe(int ends[2])
{
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
}

static void
read_all(int fd, struct buf *out)
{
    struct err err = ERR_INIT;

    assert_int_equal(fs_read_fd(fd, "pipe", out, &err), 0);
    close(fd);
}

static void
lines_arrive_whole_and_in_order(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    FILE *file = tmpfile();
    struct log_writer *w = open_writer(dup(fileno(file)), 1 << 20);
    struct str rest;
    char line[64];
    int n = 0;

    (void)state;
    for (int i = 0; i < 5000; i++)
        assert_true(put(w, line, (size_t)snprintf(line, sizeof(line), "line %d\n", i)));
    assert_int_equal(log_writer_close(w, LONG_MS), 0);
    rewind(file);
    read_all(dup(fileno(file)), &text);
    fclose(file);
    rest = buf_view(&text);
    while (rest.n > 0) {
        snprintf(line, sizeof(line), "line %d", n++);
        assert_true(str_eq(str_cut(&rest, '\n'), line));
    }
    assert_int_equal(n, 5000);
}

/* Writes far more than the pipe and the ring hold together; nobody reads. */
static int
write_into(int fd)
{
    struct log_writer *w = open_writer(fd, 64 * 1024);
    uint64_t kept = 0, dropped = 0;
    char line[128];

    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    for (int i = 0; i < 10000; i++) {
        if (put(w, line, sizeof(line)))
            kept++;
        else
            dropped++;
    }
    /* The end does not wait for a reader either. */
    return log_writer_close(w, 10) > 0 && dropped > 0 && kept > 0 && kept + dropped == 10000 ? 0
                                                                                             : 1;
}

static void
a_stalled_reader_costs_lines_and_no_time(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    int ends[2];
    int status;
    pid_t child;
    struct str rest;

    (void)state;
    open_pipe(ends);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 4096);
    /* Of its own, as a thread is left behind. */
    child = fork();
    if (child == 0)
        _exit(write_into(ends[1]));
    close(ends[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    read_all(ends[0], &text);
    rest = buf_view(&text);
    assert_true(rest.n > 0);
    while (rest.n > 0)
        assert_int_equal(str_cut(&rest, '\n').n, 127);
}

static void
lines_of_two_processes_do_not_mix(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    int ends[2];
    struct str rest;
    size_t lines = 0;
    int status;

    (void)state;
    open_pipe(ends);
    for (char c = 'a'; c <= 'b'; c++) {
        if (fork() == 0) {
            struct log_writer *w = open_writer(dup(ends[1]), 8 << 20);
            char line[777];

            memset(line, c, sizeof(line));
            line[sizeof(line) - 1] = '\n';
            for (int i = 0; i < 2000; i++)
                put(w, line, sizeof(line));
            _exit(log_writer_close(w, LONG_MS) == 0 ? 0 : 1);
        }
    }
    close(ends[1]);
    read_all(ends[0], &text);
    rest = buf_view(&text);
    while (rest.n > 0) {
        struct str line = str_cut(&rest, '\n');

        assert_int_equal(line.n, 776);
        assert_int_equal(line.p[0], line.p[775]);
        assert_null(memchr(line.p, line.p[0] == 'a' ? 'b' : 'a', line.n));
        lines++;
    }
    assert_int_equal(lines, 4000);
    for (int i = 0; i < 2; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
}

static void
what_cannot_be_written_is_counted(void **state)
{
    struct log_writer *w = open_writer(open("/dev/full", O_WRONLY | O_CLOEXEC), 65536);
    uint64_t lost = 0;
    int sys = 0;

    (void)state;
    assert_true(put(w, "a\n", 2));
    assert_true(put(w, "b\n", 2));
    assert_true(log_writer_pending(w));
    log_writer_flush(w);
    while (log_writer_pending(w))
        ;
    lost = log_writer_lost(w, &sys);
    assert_int_equal(lost, 2);
    assert_int_equal(sys, ENOSPC);
    assert_true(put(w, "c\n", 2));
    assert_int_equal(log_writer_close(w, LONG_MS), 1);
}

static void
after_reopening_lines_go_to_the_other_file(void **state)
{
    cleanup_buf struct buf first = BUF_INIT(TEXT_MAX);
    cleanup_buf struct buf second = BUF_INIT(TEXT_MAX);
    int a[2], b[2];
    struct log_writer *w;
    char c;

    (void)state;
    open_pipe(a);
    open_pipe(b);
    w = open_writer(a[1], 65536);
    put(w, "1\n", 2);
    log_writer_flush(w);
    assert_int_equal(read(a[0], &c, 1), 1);
    assert_int_equal(c, '1');
    log_writer_reopen(w, b[1]);
    put(w, "2\n", 2);
    assert_int_equal(log_writer_close(w, LONG_MS), 0);
    read_all(a[0], &first); /* comes to its end: the writer has closed it */
    read_all(b[0], &second);
    assert_string_equal(buf_cstr(&first), "\n");
    assert_string_equal(buf_cstr(&second), "2\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_arrive_whole_and_in_order),
        cmocka_unit_test(a_stalled_reader_costs_lines_and_no_time),
        cmocka_unit_test(lines_of_two_processes_do_not_mix),
        cmocka_unit_test(what_cannot_be_written_is_counted),
        cmocka_unit_test(after_reopening_lines_go_to_the_other_file),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests_name("server/log_writer", tests, NULL, NULL);
}
