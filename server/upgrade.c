/* SPDX-License-Identifier: Apache-2.0 */
#include "server/upgrade.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "server/inherit.h"
#include "server/listen.h"

enum { SOCKETS_MAX = 4 * 1024 * 1024 };

static const char pid_name[] = "BERTHD_UPGRADE_PID";
static const char sockets_name[] = "BERTHD_UPGRADE_SOCKETS";

/* How this process was started. */
static struct {
    char *path;
    char **argv;
    int folder; /* the working directory */
    unsigned activated;
    pid_t elder;
    char *handed;
} self = {.folder = -1};

/* Only from the parent: the variables may have come by other ways. */
static void
find_elder(void)
{
    const char *pid = getenv(pid_name);
    const char *sockets = getenv(sockets_name);
    uint64_t v;

    if (pid != NULL && sockets != NULL && num_parse_u64(str_from(pid), INT_MAX, &v) &&
        (pid_t)v == getppid()) {
        self.elder = (pid_t)v;
        self.handed = mem_strdup(sockets);
    }
    unsetenv(pid_name);
    unsetenv(sockets_name);
}

void
upgrade_begin(int argc, char **argv)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

    self.path = n > 0 ? mem_strndup(path, (size_t)n) : mem_strdup(argv[0]);
    self.argv = mem_alloc(((size_t)argc + 1) * sizeof(*argv));
    for (int i = 0; i < argc; i++)
        self.argv[i] = argv[i];
    self.folder = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    self.activated = inherit_activated();
    find_elder();
}

const char *
upgrade_handed(void)
{
    return self.handed;
}

pid_t
upgrade_elder(void)
{
    if (self.elder != 0 && getppid() != self.elder)
        self.elder = 0;
    return self.elder;
}

static void
set_number(const char *name, long v)
{
    char text[32];

    snprintf(text, sizeof(text), "%ld", v);
    setenv(name, text, 1);
}

static void
keep_open(const struct listen_set *l)
{
    for (unsigned i = 0; i < l->n; i++) {
        for (unsigned s = 0; s < l->v[i].n_fds; s++)
            fcntl(l->v[i].fds[s], F_SETFD, 0);
    }
}

static NORETURN void
become_master(const struct listen_set *l, const char *sockets, pid_t elder, const sigset_t *mask)
{
    keep_open(l);
    set_number(pid_name, elder);
    setenv(sockets_name, sockets, 1);
    if (self.activated > 0) {
        set_number("LISTEN_PID", getpid());
        set_number("LISTEN_FDS", self.activated);
    }
    if (self.folder < 0 || fchdir(self.folder) < 0)
        log_warn("upgrade: the working directory is not the one of the start: %m");
    sigprocmask(SIG_SETMASK, mask, NULL);
    execv(self.path, self.argv);
    log_error("upgrade: execute '%s': %m", self.path);
    _exit(127);
}

pid_t
upgrade_start(const struct listen_set *l, const sigset_t *mask, struct err *err)
{
    cleanup_buf struct buf sockets = BUF_INIT(SOCKETS_MAX);
    pid_t elder = getpid();
    pid_t pid;

    for (unsigned i = 0; i < l->n; i++) {
        if (!inherit_add(&sockets, l->v[i].bind, l->v[i].fds, l->v[i].n_fds))
            return err_set(err, ERR_UNSUPPORTED, "an address with a line end in it");
    }
    if (buf_finish(&sockets, err) < 0)
        return -1;
    pid = fork();
    if (pid == 0)
        become_master(l, buf_cstr(&sockets), elder, mask);
    return pid < 0 ? err_sys(err, "fork") : pid;
}
