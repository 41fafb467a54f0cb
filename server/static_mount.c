/* SPDX-License-Identifier: Apache-2.0 */
#include "server/static_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "server/pack.h"
#include "server/settings.h"
#include "server/static_open.h"

static int
check_fallback(int folder, const char *name, struct err *err)
{
    cleanup_fd int fd = static_open(folder, name);
    struct stat st;

    if (fd < 0)
        return err_sys(err, "--static-fallback: '%s'", name);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return err_set(err, ERR_INVALID, "--static-fallback: '%s' is no file", name);
    return 0;
}

static int
open_pack(const struct settings_mount *m, struct pack **pack, struct err *err)
{
    uint32_t at;

    *pack = pack_open(m->folder, err);
    if (*pack == NULL)
        return -1;
    if (m->fallback == NULL || pack_find(*pack, str_from(m->fallback), &at))
        return 0;
    pack_close(*pack);
    *pack = NULL;
    return err_set(err, ERR_NOT_FOUND, "--static-fallback: '%s' is not in the archive",
                   m->fallback);
}

static int
open_folder(const struct settings_mount *m, int *folder, struct err *err)
{
    cleanup_fd int fd = open(m->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return err_sys(err, "--static %s=%s", m->url, m->folder);
    if (m->fallback != NULL && check_fallback(fd, m->fallback, err) < 0)
        return err_wrap(err, "--static %s=%s", m->url, m->folder);
    *folder = steal_fd(&fd);
    return 0;
}

int
static_mount_open(const struct settings_mount *m, int *folder, struct pack **pack, struct err *err)
{
    struct stat st;

    *folder = -1;
    *pack = NULL;
    if (stat(m->folder, &st) < 0 || !S_ISREG(st.st_mode))
        return open_folder(m, folder, err);
    return open_pack(m, pack, err) < 0 ? err_wrap(err, "--static %s=%s", m->url, m->folder) : 0;
}
