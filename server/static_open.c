/* SPDX-License-Identifier: Apache-2.0 */
#include "server/static_open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fs.h"

/* A FIFO or a terminal in the folder must neither block nor become ours. */
enum { FLAGS = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, RETRIES = 8 };

bool
static_open_allowed(struct str path)
{
    while (path.p != NULL) {
        struct str name = str_cut(&path, '/');

        if (name.n == 0 || (name.p[0] == '.' && !str_eq(name, ".well-known")))
            return false;
    }
    return true;
}

int
static_open_beneath(int folder, const char *path)
{
    struct open_how how = {.flags = FLAGS, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    long fd;
    int tries = 0;

    /* EAGAIN: something on the way was renamed meanwhile. */
    do
        fd = syscall(SYS_openat2, folder, path, &how, sizeof(how));
    while (fd < 0 && errno == EAGAIN && ++tries < RETRIES);
    return (int)fd;
}

int
static_open_walk(int folder, const char *path)
{
    cleanup_fd int at = -1;
    struct str rest = str_from(path);

    for (;;) {
        struct str name = str_cut(&rest, '/');
        char text[256];
        int fd;

        if (name.n >= sizeof(text)) {
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(text, name.p, name.n);
        text[name.n] = '\0';
        fd = openat(at >= 0 ? at : folder, text,
                    rest.p == NULL ? FLAGS | O_NOFOLLOW
                                   : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || rest.p == NULL)
            return fd;
        if (at >= 0)
            close(at);
        at = fd;
    }
}

int
static_open(int folder, const char *path)
{
    static bool no_openat2;
    int fd = -1;

    if (!no_openat2) {
        fd = static_open_beneath(folder, path);
        /* Kernels before 5.6 do not know it, container profiles of that time forbid it: EPERM is
         * no answer that a file gives to O_RDONLY. */
        no_openat2 = fd < 0 && (errno == ENOSYS || errno == EPERM);
    }
    return no_openat2 ? static_open_walk(folder, path) : fd;
}
