/* SPDX-License-Identifier: Apache-2.0 */
#include "images/staging.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "images/interrupt.h"

#define STAGED_PREFIX ".imagegen-"

enum { NAMES_TRIED_MAX = 10000 };

bool
staging_is_name(const char *name)
{
    return strncmp(name, STAGED_PREFIX, sizeof(STAGED_PREFIX) - 1) == 0;
}

/* Some file systems (NFS) cannot lock folders: working without is better than not at all there. */
static bool
cannot_lock(int error)
{
    return error == EBADF || error == ENOLCK || error == EOPNOTSUPP || error == EINVAL ||
           error == ENOSYS;
}

int
staging_lock(const char *folder, struct err *err)
{
    cleanup_fd int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return err_sys(err, "open the folder '%s'", folder);
    while (flock(fd, LOCK_EX) < 0) {
        if (cannot_lock(errno))
            break;
        if (errno != EINTR)
            return err_sys(err, "lock the folder '%s'", folder);
        if (interrupt_check(err) < 0)
            return -1;
    }
    return steal_fd(&fd);
}

/* A file that nobody holds a lock on was left by a run that was killed. */
static void
remove_if_orphan(int folder, const char *name)
{
    cleanup_fd int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        unlinkat(folder, name, 0);
}

/* Only a courtesy: what cannot be read or removed is left alone. */
static void
remove_orphans(int folder)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *d;

    if (dir == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((d = readdir(dir)) != NULL)
        if (staging_is_name(d->d_name))
            remove_if_orphan(folder, d->d_name);
    closedir(dir);
}

int
staging_create_in(int lock, const char *folder, struct staged *out, struct err *err)
{
    static unsigned counter;

    for (int tried = 0; tried < NAMES_TRIED_MAX; tried++) {
        char name[64];
        int fd;

        snprintf(name, sizeof(name), STAGED_PREFIX "%ld-%u", (long)getpid(), counter++);
        /* 0666: the user's umask decides, as for any file he makes. */
        fd = openat(lock, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && errno == EEXIST)
            continue;
        if (fd < 0)
            return err_sys(err, "create a file in '%s'", folder);
        /* The lock is for cleaning up only; without it the file is not less ours. */
        (void)flock(fd, LOCK_EX | LOCK_NB);
        *out = (struct staged){fd, fs_join(folder, name), false};
        return 0;
    }
    return err_set(err, ERR_EXISTS, "create a file in '%s': all names are taken", folder);
}

int
staging_create(const char *folder, struct staged *out, struct err *err)
{
    cleanup_fd int lock = staging_lock(folder, err);

    if (lock < 0)
        return -1;
    remove_orphans(lock);
    return staging_create_in(lock, folder, out, err);
}

int
staging_create_nameless(const char *folder, struct staged *out, struct err *err)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0) {
        *out = (struct staged){fd, mem_strdup(folder), true};
        return 0;
    }
    /* Not every file system offers that; where it is not the reason, this fails as well. */
    if (staging_create(folder, out, err) < 0)
        return -1;
    if (unlink(out->name) == 0)
        out->nameless = true;
    return 0;
}

int
staging_publish(struct staged *s, const char *path, struct err *err)
{
    if (fsync(s->fd) < 0 && errno != EINVAL && errno != EROFS)
        return err_sys(err, "flush '%s'", path);
    if (rename(s->name, path) < 0)
        return err_sys(err, "rename '%s' to '%s'", s->name, path);
    s->nameless = true;
    return 0;
}

void
staging_discard(struct staged *s)
{
    int saved = errno;

    if (s->name != NULL && !s->nameless)
        unlink(s->name);
    if (s->fd >= 0)
        close(s->fd);
    free(s->name);
    *s = (struct staged)STAGED_INIT;
    errno = saved;
}

struct staged
staging_take(struct staged *s)
{
    struct staged taken = *s;

    *s = (struct staged)STAGED_INIT;
    return taken;
}
