/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sandbox.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "server/db.h"
#include "server/sandbox_filter.h"
#include "server/settings.h"

#ifdef __has_feature
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

bool
sandbox_has_filter(void)
{
    return !SANITIZED;
}

/* Only root's to shrink; for all others no_new_privs says the same. */
void
sandbox_bound(void)
{
    for (int cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
        ;
}

static int
drop_capabilities(struct err *err)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

    sandbox_bound();
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capset, &head, none) < 0)
        return err_sys(err, "capset");
    return 0;
}

static int
install_filter(unsigned parts, struct err *err)
{
    struct sock_filter code[SANDBOX_FILTER_MAX];
    struct sock_fprog program = {.len = (unsigned short)sandbox_filter_make(parts, code),
                                 .filter = code};

    if (program.len == 0)
        return err_set(err, ERR_UNSUPPORTED, "no filter for this architecture");
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0)
        return 0;
    /* Older kernels, and some that only emulate one, know the other door alone. */
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
        return err_sys(err, "seccomp");
    return 0;
}

/* Threads are for all: whatever may block is done by one (queries, look-ups, the access log). */
unsigned
sandbox_parts(const struct settings *s)
{
    unsigned parts = SANDBOX_THREADS;

    if (s->database != NULL)
        parts |= s->database->driver == &db_sqlite ? SANDBOX_SQLITE : SANDBOX_NETWORK;
    if (s->n_proxies > 0)
        parts |= SANDBOX_NETWORK;
    return parts;
}

int
sandbox_enter(unsigned parts, struct err *err)
{
    struct err filter = ERR_INIT;
    int result = drop_capabilities(err);

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        result = err_sys(err, "no_new_privs");
    if (sandbox_has_filter() && install_filter(parts, &filter) < 0)
        result = -1;
    if (result < 0 && filter.code != ERR_NONE)
        *err = filter;
    return result;
}

int
sandbox_try(unsigned parts, struct err *err)
{
    enum { UNKNOWN = 255 };
    pid_t pid = fork();
    int status;

    if (pid < 0)
        return err_sys(err, "fork");
    if (pid == 0) {
        struct err own = ERR_INIT;

        if (sandbox_enter(parts, &own) == 0)
            _exit(0);
        _exit(own.sys > 0 && own.sys < UNKNOWN ? own.sys : UNKNOWN);
    }
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return err_sys(err, "waitpid");
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) == UNKNOWN)
        return err_set(err, ERR_UNSUPPORTED, "the system does not offer it");
    errno = WEXITSTATUS(status);
    return err_sys(err, "the system does not offer it");
}
