/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_sigpipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"

static void
write_to_nobody(void)
{
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    close(fds[0]);
    assert_int_equal(write(fds[1], "x", 1), -1);
    close(fds[1]);
}

/* True when what a child does leaves it alive. */
static bool
survives(void (*act)(void))
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        signal(SIGPIPE, SIG_DFL);
        act();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) || WTERMSIG(status) == SIGPIPE);
    return WIFEXITED(status);
}

static void
hold_write_release(void)
{
    struct http_sigpipe s;

    http_sigpipe_hold(&s);
    write_to_nobody();
    http_sigpipe_release(&s);
}

static void
hold_release_write(void)
{
    struct http_sigpipe s;

    http_sigpipe_hold(&s);
    http_sigpipe_release(&s);
    write_to_nobody();
}

/* One that was pending before belongs to the caller and arrives. */
static void
pending_before(void)
{
    struct http_sigpipe s;
    sigset_t set, before;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    sigprocmask(SIG_BLOCK, &set, &before);
    write_to_nobody();
    http_sigpipe_hold(&s);
    http_sigpipe_release(&s);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void
a_broken_pipe_is_survived_while_it_is_held_only(void **state UNUSED)
{
    assert_true(survives(hold_write_release));
    assert_false(survives(hold_release_write));
    assert_false(survives(write_to_nobody));
    assert_false(survives(pending_before));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broken_pipe_is_survived_while_it_is_held_only),
    };

    return cmocka_run_group_tests_name("net/http_sigpipe", tests, NULL, NULL);
}
