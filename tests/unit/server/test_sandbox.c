/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/err.h"
#include "server/sandbox_filter.h"

enum { OK = 0, UNSUPPORTED = 100, ALL = SANDBOX_THREADS | SANDBOX_SQLITE | SANDBOX_NETWORK };

/* In a child that has entered; its status is how far it came. */
static int
in_sandbox(unsigned parts, int (*work)(void))
{
    struct err err = ERR_INIT;
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        if (sandbox_enter(parts, &err) < 0)
            _exit(UNSUPPORTED);
        _exit(work());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
need_filter(void)
{
    if (!sandbox_has_filter())
        skip();
}

#define REFUSED(call, with)                  \
    do {                                     \
        errno = 0;                           \
        if ((call) != -1 || errno != (with)) \
            return __LINE__ % 90 + 1;        \
    } while (0)

static int
try_what_is_dangerous(void)
{
    char *const args[] = {(char *)"/bin/true", NULL};

    REFUSED(execve(args[0], args, args + 1), EPERM);
    REFUSED(fork(), EPERM);
    REFUSED(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0), EPERM);
    REFUSED(syscall(SYS_clone3, NULL, 0), ENOSYS);
    REFUSED(ptrace(PTRACE_TRACEME, 0, NULL, NULL), EPERM);
    REFUSED(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0), EPERM);
    REFUSED(syscall(SYS_process_vm_writev, getppid(), NULL, 0, NULL, 0, 0), EPERM);
    REFUSED(mount("a", "/", "tmpfs", 0, NULL), EPERM);
    REFUSED(syscall(SYS_bpf, 0, NULL, 0), EPERM);
    REFUSED(syscall(SYS_keyctl, 0, 0), EPERM);
    REFUSED(syscall(SYS_io_uring_setup, 1, NULL), EPERM);
    REFUSED(syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0), EPERM);
    REFUSED(unshare(CLONE_NEWUSER), EPERM);
    REFUSED(setns(0, 0), EPERM);
    REFUSED(syscall(SYS_kexec_load, 0, 0, NULL, 0), EPERM);
    REFUSED(syscall(SYS_init_module, NULL, 0, ""), EPERM);
    REFUSED(syscall(SYS_userfaultfd, 0), EPERM);
    REFUSED(setuid(0), EPERM);
    REFUSED(chroot("/"), EPERM);
    REFUSED(kill(getppid(), 0), EPERM);
    REFUSED(prctl(PR_SET_DUMPABLE, 0), EPERM);
    REFUSED(syscall(SYS_personality, 0), EPERM);
    REFUSED(syscall(100000), ENOSYS);
#ifdef __x86_64__
    REFUSED(syscall(0x40000000 | SYS_getpid), EPERM);
#endif
    return OK;
}

static void
what_is_dangerous_is_refused_and_the_worker_lives_on(void **state UNUSED)
{
    need_filter();
    assert_int_equal(in_sandbox(ALL, try_what_is_dangerous), OK);
}

static int
do_what_a_server_does(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int pair[2], file, epoll, wake;
    char text[8];
    void *memory;
    off_t at = 0;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        return 1;
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, pair[1], &event) < 0)
        return 2;
    file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (file < 0 || sendfile(pair[0], file, &at, 4) != 4)
        return 3;
    if (epoll_wait(epoll, &event, 1, 1000) != 1 || recv(pair[1], text, 8, 0) != 4)
        return 4;
    if (memcmp(text, "\177ELF", 4) != 0)
        return 5;
    wake = eventfd(0, EFD_CLOEXEC);
    memory = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (wake < 0 || memory == MAP_FAILED || munmap(memory, 65536) < 0)
        return 6;
    free(malloc(1 << 20));
    return prctl(PR_SET_NAME, "renamed") == 0 && getppid() > 0 ? OK : 7;
}

static void
what_a_server_does_works(void **state UNUSED)
{
    assert_int_equal(in_sandbox(0, do_what_a_server_does), OK);
}

static void *
answer(void *number)
{
    *(int *)number = 42;
    return NULL;
}

static int
start_a_thread(void)
{
    pthread_t thread;
    int number = 0;

    if (pthread_create(&thread, NULL, answer, &number) != 0)
        return 1;
    return pthread_join(thread, NULL) == 0 && number == 42 ? OK : 2;
}

static int
write_durably(void)
{
    int fd = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0)
        return 1;
    return ftruncate(fd, 4096) == 0 && fsync(fd) == 0 ? OK : 2;
}

static int
make_a_socket(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 ? OK : 1;
}

static int
make_a_raw_socket(void)
{
    REFUSED(socket(AF_NETLINK, SOCK_RAW, 0), EPERM);
    return OK;
}

static void
each_part_opens_its_calls_and_no_others(void **state UNUSED)
{
    need_filter();
    assert_int_equal(in_sandbox(SANDBOX_THREADS, start_a_thread), OK);
    assert_int_not_equal(in_sandbox(SANDBOX_SQLITE | SANDBOX_NETWORK, start_a_thread), OK);
    assert_int_equal(in_sandbox(SANDBOX_SQLITE, write_durably), OK);
    assert_int_not_equal(in_sandbox(SANDBOX_THREADS | SANDBOX_NETWORK, write_durably), OK);
    assert_int_equal(in_sandbox(SANDBOX_NETWORK, make_a_socket), OK);
    assert_int_not_equal(in_sandbox(SANDBOX_THREADS | SANDBOX_SQLITE, make_a_socket), OK);
    assert_int_equal(in_sandbox(ALL, make_a_raw_socket), OK);
}

/* Beside the filter, as the sanitizers have none. */
static int
look_at_privileges(void)
{
    char status[8192], *line;
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, status, sizeof(status) - 1);

    if (n <= 0)
        return 1;
    status[n] = '\0';
    line = strstr(status, "NoNewPrivs:\t1");
    if (line == NULL)
        return 2;
    return strstr(status, "CapEff:\t0000000000000000") != NULL &&
                   strstr(status, "CapPrm:\t0000000000000000") != NULL &&
                   strstr(status, "CapAmb:\t0000000000000000") != NULL
               ? OK
               : 3;
}

static void
capabilities_are_gone_and_none_come_back(void **state UNUSED)
{
    assert_int_equal(in_sandbox(0, look_at_privileges), OK);
}

static void
every_program_fits_and_jumps_within_itself(void **state UNUSED)
{
    static struct sock_filter code[SANDBOX_FILTER_MAX];

    for (unsigned parts = 0; parts <= ALL; parts++) {
        size_t n = sandbox_filter_make(parts, code);

        assert_in_range(n, 100, SANDBOX_FILTER_MAX);
        for (size_t i = 0; i < n; i++) {
            if (BPF_CLASS(code[i].code) == BPF_JMP)
                assert_true(i + 1 + code[i].jt < n && i + 1 + code[i].jf < n);
        }
        assert_int_equal(BPF_CLASS(code[n - 1].code), BPF_RET);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_dangerous_is_refused_and_the_worker_lives_on),
        cmocka_unit_test(what_a_server_does_works),
        cmocka_unit_test(each_part_opens_its_calls_and_no_others),
        cmocka_unit_test(capabilities_are_gone_and_none_come_back),
        cmocka_unit_test(every_program_fits_and_jumps_within_itself),
    };

    return cmocka_run_group_tests_name("server/sandbox", tests, NULL, NULL);
}
