/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sandbox_filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "base/attr.h"
#include "server/sandbox.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#define ARCH 0
#endif

enum {
    VALUES_MAX = 6,
    X32_BIT = 0x40000000, /* x86-64: the other table of calls, with numbers of its own */
    NEWEST_KNOWN = 448,   /* calls beyond it are not judged here: not there (ENOSYS) */
    BASE = 0,             /* parts: every worker */
    THREADS = SANDBOX_THREADS,
    SQLITE = SANDBOX_SQLITE,
    NETWORK = SANDBOX_NETWORK
};

/* One argument of a call: its lower half, masked, must be one of the values. */
struct check {
    unsigned argument;
    uint32_t mask;
    unsigned n;
    uint32_t values[VALUES_MAX];
};

struct rule {
    int number;
    unsigned parts; /* any of them, or BASE */
    const struct check *check;
};

/* No thread of ours makes another process. */
static const struct check is_thread = {0, CLONE_THREAD, 1, {CLONE_THREAD}};

/* Terminals are asked about by stdio only. */
static const struct check is_harmless_ioctl = {
    1, UINT32_MAX, 5, {FIONREAD, FIONBIO, FIOCLEX, TIOCGWINSZ, TCGETS}};

static const struct check is_name = {0, UINT32_MAX, 2, {PR_SET_NAME, PR_GET_NAME}};
static const struct check is_own_limit = {0, UINT32_MAX, 1, {0}};
static const struct check is_internet = {0, UINT32_MAX, 3, {AF_UNIX, AF_INET, AF_INET6}};

/* The one of a program without a dynamic linker: glibc loads libraries whenever it needs one. */
#ifdef __GLIBC__
#define NOT_CODE NULL
#else
static const struct check is_not_code = {2, PROT_EXEC, 1, {0}};
#define NOT_CODE (&is_not_code)
#endif

/* In the order of their frequency: where the kernel does not remember what is always allowed, it
 * goes through from the top. */
static const struct rule rules[] = {
#ifdef __x86_64__
    {SYS_epoll_wait, BASE, NULL},
#endif
    {SYS_epoll_pwait, BASE, NULL},
    {SYS_read, BASE, NULL},
    {SYS_write, BASE, NULL},
    {SYS_recvfrom, BASE, NULL},
    {SYS_sendto, BASE, NULL},
    {SYS_sendfile, BASE, NULL},
    {SYS_writev, BASE, NULL},
    {SYS_readv, BASE, NULL},
    {SYS_sendmsg, BASE, NULL},
    {SYS_recvmsg, BASE, NULL},
    {SYS_accept4, BASE, NULL},
    {SYS_accept, BASE, NULL},
    {SYS_close, BASE, NULL},
    {SYS_epoll_ctl, BASE, NULL},
    {SYS_futex, BASE, NULL},
    {SYS_pread64, BASE, NULL},
    {SYS_pwrite64, BASE, NULL},
    {SYS_openat2, BASE, NULL},
    {SYS_openat, BASE, NULL},
    {SYS_fstat, BASE, NULL},
    {SYS_newfstatat, BASE, NULL},
    {SYS_statx, BASE, NULL},
    {SYS_clock_gettime, BASE, NULL},
    {SYS_fcntl, BASE, NULL},
    {SYS_setsockopt, BASE, NULL},
    {SYS_getsockopt, BASE, NULL},
    {SYS_shutdown, BASE, NULL},
    {SYS_getsockname, BASE, NULL},
    {SYS_getpeername, BASE, NULL},
    {SYS_sendmmsg, BASE, NULL},
    {SYS_recvmmsg, BASE, NULL},
    {SYS_socketpair, BASE, NULL},
    {SYS_splice, BASE, NULL},
    {SYS_preadv, BASE, NULL},
    {SYS_pwritev, BASE, NULL},
    {SYS_preadv2, BASE, NULL},
    {SYS_pwritev2, BASE, NULL},
    {SYS_lseek, BASE, NULL},
    {SYS_fadvise64, BASE, NULL},
    {SYS_getdents64, BASE, NULL},
    {SYS_readlinkat, BASE, NULL},
    {SYS_faccessat, BASE, NULL},
    {SYS_faccessat2, BASE, NULL},
    {SYS_getcwd, BASE, NULL},
    {SYS_flock, BASE, NULL},
    {SYS_dup, BASE, NULL},
    {SYS_dup3, BASE, NULL},
    {SYS_close_range, BASE, NULL},
    {SYS_ioctl, BASE, &is_harmless_ioctl},
    {SYS_pipe2, BASE, NULL},
    {SYS_eventfd2, BASE, NULL},
    {SYS_epoll_create1, BASE, NULL},
    {SYS_epoll_pwait2, BASE, NULL},
    {SYS_signalfd4, BASE, NULL},
    {SYS_timerfd_create, BASE, NULL},
    {SYS_timerfd_settime, BASE, NULL},
    {SYS_timerfd_gettime, BASE, NULL},
    {SYS_ppoll, BASE, NULL},
    {SYS_pselect6, BASE, NULL},
    {SYS_mmap, BASE, NOT_CODE},
    {SYS_mprotect, BASE, NOT_CODE},
    {SYS_munmap, BASE, NULL},
    {SYS_mremap, BASE, NULL},
    {SYS_madvise, BASE, NULL},
    {SYS_brk, BASE, NULL},
    {SYS_rt_sigaction, BASE, NULL},
    {SYS_rt_sigprocmask, BASE, NULL},
    {SYS_rt_sigreturn, BASE, NULL},
    {SYS_rt_sigpending, BASE, NULL},
    {SYS_rt_sigtimedwait, BASE, NULL},
    {SYS_rt_sigsuspend, BASE, NULL},
    {SYS_sigaltstack, BASE, NULL},
    {SYS_tkill, BASE, NULL}, /* abort(): musl's */
    {SYS_tgkill, BASE, NULL},
    {SYS_restart_syscall, BASE, NULL},
    {SYS_clock_getres, BASE, NULL},
    {SYS_clock_nanosleep, BASE, NULL},
    {SYS_nanosleep, BASE, NULL},
    {SYS_gettimeofday, BASE, NULL},
    {SYS_times, BASE, NULL},
    {SYS_getrusage, BASE, NULL},
    {SYS_getrandom, BASE, NULL},
    {SYS_getpid, BASE, NULL},
    {SYS_getppid, BASE, NULL},
    {SYS_gettid, BASE, NULL},
    {SYS_getuid, BASE, NULL},
    {SYS_geteuid, BASE, NULL},
    {SYS_getgid, BASE, NULL},
    {SYS_getegid, BASE, NULL},
    {SYS_uname, BASE, NULL},
    {SYS_sysinfo, BASE, NULL},
    {SYS_getcpu, BASE, NULL},
    {SYS_umask, BASE, NULL},
    {SYS_prctl, BASE, &is_name},
    {SYS_prlimit64, BASE, &is_own_limit},
    {SYS_getrlimit, BASE, NULL},
    {SYS_sched_yield, BASE, NULL},
    {SYS_sched_getaffinity, BASE, NULL},
    {SYS_membarrier, BASE, NULL},
    {SYS_exit, BASE, NULL},
    {SYS_exit_group, BASE, NULL},
#ifdef __x86_64__
    {SYS_open, BASE, NULL},
    {SYS_stat, BASE, NULL},
    {SYS_lstat, BASE, NULL},
    {SYS_access, BASE, NULL},
    {SYS_readlink, BASE, NULL},
    {SYS_poll, BASE, NULL},
    {SYS_select, BASE, NULL},
    {SYS_dup2, BASE, NULL},
    {SYS_pipe, BASE, NULL},
    {SYS_time, BASE, NULL},
    {SYS_arch_prctl, THREADS, NULL},
#endif
    {SYS_clone, THREADS, &is_thread},
    {SYS_set_robust_list, THREADS, NULL},
    {SYS_get_robust_list, THREADS, NULL},
    {SYS_set_tid_address, THREADS, NULL},
    {SYS_rseq, THREADS, NULL},
    {SYS_sched_getparam, THREADS, NULL},
    {SYS_sched_getscheduler, THREADS, NULL},
    {SYS_ftruncate, SQLITE, NULL},
    {SYS_fsync, SQLITE, NULL},
    {SYS_fdatasync, SQLITE, NULL},
    {SYS_fallocate, SQLITE, NULL},
    {SYS_fchmod, SQLITE, NULL},
    {SYS_fchown, SQLITE, NULL},
    {SYS_unlinkat, SQLITE, NULL},
#ifdef __x86_64__
    {SYS_unlink, SQLITE, NULL},
#endif
    {SYS_socket, NETWORK, &is_internet},
    {SYS_connect, NETWORK, NULL},
    {SYS_bind, NETWORK, NULL}, /* a resolver's socket for answers */
};

struct program {
    struct sock_filter *v;
    size_t n;
};

static void
add(struct program *p, uint16_t code, uint32_t k, uint8_t if_true, uint8_t if_false)
{
    if (p->n < SANDBOX_FILTER_MAX)
        p->v[p->n] = (struct sock_filter){code, if_true, if_false, k};
    p->n++;
}

static void
load(struct program *p, size_t offset)
{
    add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void
end(struct program *p, uint32_t what)
{
    add(p, BPF_RET | BPF_K, what, 0, 0);
}

static void
refuse(struct program *p, int number)
{
    end(p, SECCOMP_RET_ERRNO | (uint32_t)number);
}

static void
add_check(struct program *p, const struct check *c)
{
    load(p, offsetof(struct seccomp_data, args) + c->argument * sizeof(uint64_t));
    add(p, BPF_ALU | BPF_AND | BPF_K, c->mask, 0, 0);
    for (unsigned i = 0; i < c->n; i++)
        add(p, BPF_JMP | BPF_JEQ | BPF_K, c->values[i], (uint8_t)(c->n - i), 0);
    refuse(p, EPERM);
}

static void
add_rule(struct program *p, const struct rule *r)
{
    uint8_t rest = (uint8_t)(r->check != NULL ? r->check->n + 4 : 1);

    add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)r->number, 0, rest);
    if (r->check != NULL)
        add_check(p, r->check);
    end(p, SECCOMP_RET_ALLOW);
}

size_t
sandbox_filter_make(unsigned parts, struct sock_filter out[SANDBOX_FILTER_MAX])
{
    struct program p = {.v = out};

    if (ARCH == 0)
        return 0;
    load(&p, offsetof(struct seccomp_data, arch));
    add(&p, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
    refuse(&p, EPERM);
    load(&p, offsetof(struct seccomp_data, nr));
    add(&p, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
    refuse(&p, EPERM);
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (rules[i].parts == BASE || (rules[i].parts & parts) != 0)
            add_rule(&p, &rules[i]);
    }
    /* Its flags are in memory, where no filter can look: the C library takes clone(2) instead. */
    add(&p, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 1, 0);
    add(&p, BPF_JMP | BPF_JGT | BPF_K, NEWEST_KNOWN, 0, 1);
    refuse(&p, ENOSYS);
    refuse(&p, EPERM);
    return p.n <= SANDBOX_FILTER_MAX ? p.n : 0;
}
