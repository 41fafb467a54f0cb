/* SPDX-License-Identifier: Apache-2.0 */
#include "images/unpack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "images/image_read.h"
#include "images/interrupt.h"
#include "images/rootfs.h"

enum { NAMES_TRIED_MAX = 1000, NAME_ROOM = 64 };

struct place {
    int parent; /* the folder that dir lies in */
    char *name; /* of dir in it */
    char staged[NAME_ROOM];
    int root; /* staged, open */
};

static void
place_done(struct place *p)
{
    cleanup_fdp(&p->root);
    if (p->staged[0] != '\0')
        disk_remove_tree(p->parent, p->staged);
    cleanup_fdp(&p->parent);
    free(p->name);
}

#define cleanup_place __attribute__((cleanup(place_done)))

static int
is_empty(int parent, const char *name, bool *out)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *e;

    if (dir == NULL) {
        cleanup_fdp(&fd);
        return -1;
    }
    *out = true;
    while ((e = readdir(dir)) != NULL)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            *out = false;
    closedir(dir);
    return 0;
}

static int
check_free(const struct place *p, const char *dir, struct err *err)
{
    bool empty;

    if (is_empty(p->parent, p->name, &empty) < 0) {
        if (errno == ENOENT)
            return 0;
        if (errno == ENOTDIR || errno == ELOOP)
            return err_set(err, ERR_EXISTS, "'%s' is no folder", dir);
        return err_sys(err, "read '%s'", dir);
    }
    if (!empty)
        return err_set(err, ERR_EXISTS, "'%s' is not empty: name a new folder", dir);
    return 0;
}

static int
find_place(struct place *p, const char *dir, struct err *err)
{
    cleanup_free char *path = mem_strdup(dir);
    size_t n = strlen(path);
    char *slash;

    while (n > 1 && path[n - 1] == '/')
        path[--n] = '\0';
    slash = strrchr(path, '/');
    p->name = mem_strdup(slash != NULL ? slash + 1 : path);
    if (p->name[0] == '\0' || strcmp(p->name, ".") == 0 || strcmp(p->name, "..") == 0)
        return err_set(err, ERR_USAGE, "'%s': name the folder itself, new or empty", dir);
    if (slash != NULL)
        slash[slash == path ? 1 : 0] = '\0';
    p->parent = open(slash != NULL ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->parent < 0)
        return err_sys(err, "open the folder that '%s' lies in", dir);
    return check_free(p, dir, err);
}

static int
stage(struct place *p, const char *dir, struct err *err)
{
    char name[NAME_ROOM];
    int done = -1;

    for (int i = 0; done < 0 && i < NAMES_TRIED_MAX; i++) {
        snprintf(name, sizeof(name), ".imagegen-%ld-d%d", (long)getpid(), i);
        done = mkdirat(p->parent, name, 0700);
        if (done < 0 && errno != EEXIST)
            break;
    }
    if (done < 0)
        return err_sys(err, "make a folder beside '%s'", dir);
    memcpy(p->staged, name, sizeof(name));
    p->root = openat(p->parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return p->root >= 0 ? 0 : err_sys(err, "open a folder beside '%s'", dir);
}

static int
publish(struct place *p, const char *dir, struct err *err)
{
    if (interrupt_check(err) < 0)
        return -1;
    if (renameat(p->parent, p->staged, p->parent, p->name) < 0) {
        if (errno == EBUSY)
            return err_set(err, ERR_EXISTS, "'%s' is a mount point: name a new folder in it", dir);
        return err_sys(err, "rename what was unpacked to '%s'", dir);
    }
    p->staged[0] = '\0';
    return 0;
}

static int
write_all(const struct image_read *image, int root, const struct disk_opts *opts,
          struct limits *limits, struct err *err)
{
    struct disk disk = disk_begin(root, opts);
    const struct rootfs_observer observer = {disk_added, disk_removing, &disk};
    const struct image_read_visitor visitor = {NULL, disk_data, &disk};
    cleanup_rootfs struct rootfs *r = rootfs_new(&observer);
    int done = image_read_all(image, r, limits, &visitor, err);

    if (done == 0)
        done = disk_finish(&disk, r, err);
    if (done == 0 && disk.dropped)
        log_info("setuid and setgid bits were dropped: --allow-special keeps them");
    disk_done(&disk);
    return done;
}

int
unpack_image(const struct image_read *image, const char *dir, const struct disk_opts *opts,
             struct limits *limits, struct err *err)
{
    cleanup_place struct place p = {-1, NULL, "", -1};

    if (find_place(&p, dir, err) < 0 || stage(&p, dir, err) < 0 ||
        write_all(image, p.root, opts, limits, err) < 0)
        return -1;
    return publish(&p, dir, err);
}
