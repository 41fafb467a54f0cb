/* SPDX-License-Identifier: Apache-2.0 */
#include "server/log_file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fs.h"
#include "server/user.h"

int
log_file_open(const char *path, struct err *err)
{
    /* Non-blocking only for the opening: without a reader a named pipe would hold it up. */
    const int how = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    cleanup_fd int fd = -1;
    int flags;

    if (strcmp(path, "-") == 0) {
        fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        return fd < 0 ? err_sys(err, "standard output") : steal_fd(&fd);
    }
    fd = open(path, how, 0644);
    if (fd < 0)
        return err_sys(err, "open '%s'", path);
    flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
        return err_sys(err, "'%s'", path);
    return steal_fd(&fd);
}

int
log_file_errors(const char *path, struct err *err)
{
    cleanup_fd int fd = -1;

    if (path == NULL || strcmp(path, "-") == 0)
        return 0;
    fd = log_file_open(path, err);
    if (fd < 0)
        return -1;
    if (dup2(fd, STDERR_FILENO) < 0)
        return err_sys(err, "'%s'", path);
    return 0;
}

int
log_file_own(const char *path, const struct user *user, struct err *err)
{
    cleanup_fd int fd = -1;
    struct stat st;

    if (path == NULL || strcmp(path, "-") == 0 || !user->wanted || geteuid() != 0)
        return 0;
    fd = log_file_open(path, err);
    if (fd < 0)
        return -1;
    /* A device or a pipe is not ours to give away. */
    if (fstat(fd, &st) < 0 || (S_ISREG(st.st_mode) && fchown(fd, user->uid, user->gid) < 0))
        return err_sys(err, "the owner of '%s'", path);
    return 0;
}
