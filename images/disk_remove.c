/* SPDX-License-Identifier: Apache-2.0 */
#include "images/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

/*
 * Without recursion and with few descriptors, however deep the tree: a folder within a folder is
 * first moved up to the top, then emptied in its turn.
 */

static DIR *
open_dir(int at, const char *name)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir;

    if (fd < 0 && errno == EACCES) { /* the image took our own right to read it */
        cleanup_fd int path = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        char link[64];

        snprintf(link, sizeof(link), "/proc/self/fd/%d", path);
        if (path >= 0 && chmod(link, 0700) == 0)
            fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL && fd >= 0)
        close(fd);
    return dir;
}

/* Empties one folder in top: files go, folders move up into top. */
static void
flatten(int top, const char *name, unsigned *counter)
{
    DIR *dir = open_dir(top, name);
    const struct dirent *e;

    if (dir == NULL)
        return;
    fchmod(dirfd(dir), 0700);
    while ((e = readdir(dir)) != NULL) {
        char moved[64];

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            unlinkat(dirfd(dir), e->d_name, 0) == 0 || (errno != EISDIR && errno != EPERM) ||
            unlinkat(dirfd(dir), e->d_name, AT_REMOVEDIR) == 0)
            continue;
        snprintf(moved, sizeof(moved), ".imagegen-gone-%u", (*counter)++);
        if (renameat(dirfd(dir), e->d_name, top, moved) < 0) {
            DIR *closed = open_dir(dirfd(dir), e->d_name); /* moving a folder writes to it */

            if (closed != NULL)
                fchmod(dirfd(closed), 0700), closedir(closed);
            (void)!renameat(dirfd(dir), e->d_name, top, moved);
        }
    }
    closedir(dir);
    unlinkat(top, name, AT_REMOVEDIR);
}

/* One round over top; false when nothing is left, or nothing would go. */
static bool
round_over(int top, unsigned *counter)
{
    DIR *dir = open_dir(top, ".");
    const struct dirent *e;
    bool progress = false;

    while (dir != NULL && (e = readdir(dir)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (unlinkat(top, e->d_name, 0) < 0 && (errno == EISDIR || errno == EPERM)) {
            flatten(top, e->d_name, counter);
            if (faccessat(top, e->d_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                continue;
        }
        progress = true;
    }
    if (dir != NULL)
        closedir(dir);
    return progress;
}

void
disk_remove_tree(int parent, const char *name)
{
    int saved = errno;
    DIR *top = open_dir(parent, name);
    unsigned counter = 0;

    if (top != NULL) {
        fchmod(dirfd(top), 0700);
        while (round_over(dirfd(top), &counter))
            continue;
        closedir(top);
    }
    unlinkat(parent, name, AT_REMOVEDIR);
    errno = saved;
}
