/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_FS_H
#define BASE_FS_H

/*
 * Files: reading with a limit, writing so that a reader sees the old content or the new one and
 * never a half, and a root under which tests put a tree of fixtures.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/buf.h"

struct err;

static inline void
cleanup_fdp(const int *fd)
{
    int saved = errno;

    if (*fd >= 0)
        close(*fd);
    errno = saved;
}

#define cleanup_fd __attribute__((cleanup(cleanup_fdp)))

static inline int
steal_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

/* Appends a whole file to out, which carries the limit; "-" is standard input.  Works for files of
 * unknown size such as those of /proc.  ERR_LIMIT when it is larger than out may grow. */
int fs_read(const char *path, struct buf *out, struct err *err) NODISCARD;
/* The same of a regular file alone: a named pipe would be waited for. ERR_INVALID for others. */
int fs_read_regular(const char *path, struct buf *out, struct err *err) NODISCARD;
int fs_read_fd(int fd, const char *name, struct buf *out, struct err *err) NODISCARD;

/* Writes all n bytes, however often write() stops short. */
int fs_write_fd(int fd, const char *name, const void *p, size_t n, struct err *err) NODISCARD;

/* Writes beside the target, flushes to disk and renames; on failure the target is as it was and
 * nothing is left behind.  "-" is standard output. */
int fs_write(const char *path, const void *p, size_t n, unsigned mode, struct err *err) NODISCARD;

/*
 * A symbolic link stays one and its target is replaced.  What is no file, such as /dev/null, a pipe
 * or a terminal, is written to instead of replaced.
 *
 * A file in the making, for writers that stream: write to fd, then fs_stage_commit(), which flushes
 * and renames it over path.  fs_stage_abort() removes it; after a commit it does nothing, so it can
 * be the cleanup of every way out.
 */
struct fs_stage {
    int fd;
    char *path;      /* where it will be */
    char *temporary; /* where it is; NULL once committed, and for what is no file */
};

#define FS_STAGE_INIT  \
    {                  \
        -1, NULL, NULL \
    }
#define cleanup_fs_stage __attribute__((cleanup(fs_stage_abort)))

int fs_stage_open(struct fs_stage *s, const char *path, unsigned mode, struct err *err) NODISCARD;
int fs_stage_commit(struct fs_stage *s, struct err *err) NODISCARD;
void fs_stage_abort(struct fs_stage *s);

/* Makes a folder and its missing parents; an existing one is fine. */
int fs_mkdir_all(const char *path, unsigned mode, struct err *err) NODISCARD;

bool fs_exists(const char *path);

/* dir + "/" + name, with exactly one slash between them.  The caller frees it. */
char *fs_join(const char *dir, const char *name);

/* The part after the last slash; borrowed from path. */
const char *fs_basename(const char *path);

/*
 * The tree in which system files are looked up: "" is the machine's own, tests name a folder of
 * fixtures.  Paths given with it are absolute ("/proc/self/cgroup").
 */
struct fs_root {
    const char *prefix;
};

#define FS_ROOT_SYSTEM ((struct fs_root){""})

int fs_root_read(const struct fs_root *root, const char *path, struct buf *out,
                 struct err *err) NODISCARD;

#endif
