/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pidfile.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/num.h"

enum { TEXT_MAX = 64 };

/* 0 when there is no such file, or no process id in it. */
static pid_t
named_in(const char *path)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    struct err ignored = ERR_INIT;
    uint64_t pid;

    if (fs_read(path, &text, &ignored) < 0 ||
        !num_parse_u64(str_trim(str_from(buf_cstr(&text))), INT_MAX, &pid))
        return 0;
    return (pid_t)pid;
}

static bool
lives(pid_t pid)
{
    return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

static int
write_own(const char *path, struct err *err)
{
    char text[32];
    int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

    return fs_write(path, text, (size_t)n, 0644, err);
}

int
pidfile_open(struct pidfile *p, const char *path, bool beside, struct err *err)
{
    pid_t pid;

    *p = (struct pidfile){NULL, NULL};
    if (path == NULL)
        return 0;
    p->path = beside ? mem_printf("%s.2", path) : mem_strdup(path);
    p->wanted = mem_strdup(path);
    pid = named_in(p->path);
    if (lives(pid) && pid != getpid()) {
        err_set(err, ERR_EXISTS, "--pid %s: process %ld is running already", path, (long)pid);
    } else if (write_own(p->path, err) == 0) {
        return 0;
    } else {
        err_wrap(err, "--pid");
    }
    free(p->path);
    free(p->wanted);
    *p = (struct pidfile){NULL, NULL};
    return -1;
}

int
pidfile_promote(struct pidfile *p, struct err *err)
{
    if (p->path == NULL)
        return 0;
    if (rename(p->path, p->wanted) < 0)
        return err_sys(err, "--pid: rename '%s' to '%s'", p->path, p->wanted);
    free(p->path);
    p->path = mem_strdup(p->wanted);
    return 0;
}

void
pidfile_close(struct pidfile *p)
{
    if (p->path != NULL && named_in(p->path) == getpid())
        unlink(p->path);
    free(p->path);
    free(p->wanted);
    *p = (struct pidfile){NULL, NULL};
}
