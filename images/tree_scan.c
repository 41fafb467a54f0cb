/* SPDX-License-Identifier: Apache-2.0 */
#include "images/tree_scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "images/dest.h"
#include "images/source.h"
#include "images/tree.h"

enum { MODE_PROGRAM = 0755, MODE_PLAIN = 0644, MODE_LINK = 0777 };

/* Folders still to be read: their path on disk and in the image. */
struct pending {
    char *path;
    char *inner;
};

struct walk {
    struct tree *tree;
    struct source_owner owner;
    unsigned link_group;
    struct pending *v;
    size_t n, cap;
};

static void
pending_push(struct walk *w, char *path, char *inner)
{
    if (w->n == w->cap) {
        w->cap = w->cap == 0 ? 16 : w->cap * 2;
        w->v = mem_realloc(w->v, w->cap, sizeof(*w->v));
    }
    w->v[w->n++] = (struct pending){path, inner};
}

static void
walk_done(struct walk *w)
{
    for (size_t i = 0; i < w->n; i++) {
        free(w->v[i].path);
        free(w->v[i].inner);
    }
    free(w->v);
}

static const char *
kind_name(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFBLK:
    case S_IFCHR:
        return "a device";
    case S_IFIFO:
        return "a named pipe";
    case S_IFSOCK:
        return "a socket";
    case S_IFDIR:
        return "a folder";
    default:
        return "no regular file";
    }
}

static struct tree_stamp
stamp_of(const struct stat *st)
{
    return (struct tree_stamp){st->st_dev, st->st_ino, st->st_mtim.tv_sec, st->st_mtim.tv_nsec};
}

static void
fill_file(struct tree_entry *e, const char *path, const struct stat *st,
          const struct source_owner *owner)
{
    e->mode = (st->st_mode & S_IXUSR) != 0 ? MODE_PROGRAM : MODE_PLAIN;
    e->uid = owner->uid;
    e->gid = owner->gid;
    e->size = (uint64_t)st->st_size;
    e->source = mem_strdup(path);
    e->stamp = stamp_of(st);
}

int
tree_scan_file(struct tree *t, const struct source *s, const struct source_owner *owner,
               struct err *err)
{
    struct tree_entry *e;
    struct stat st;

    if (stat(s->path, &st) < 0)
        return err_sys(err, "read '%s'", s->path);
    if (S_ISDIR(st.st_mode))
        return err_set(err, ERR_INVALID, "'%s' is a folder: use --dir for it", s->path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_INVALID, "'%s' is %s: only regular files go into an image", s->path,
                       kind_name(st.st_mode));
    e = tree_add(t, s->dest, TREE_FILE, err);
    if (e == NULL)
        return -1;
    fill_file(e, s->path, &st, owner);
    if (s->mode != SOURCE_MODE_NONE)
        e->mode = (unsigned)s->mode;
    return 0;
}

static int
read_link(int folder, const char *name, const char *path, char **out, struct err *err)
{
    char target[PATH_MAX + 1];
    ssize_t n = readlinkat(folder, name, target, sizeof(target));

    if (n < 0)
        return err_sys(err, "read the link '%s'", path);
    if (n == 0 || (size_t)n > PATH_MAX - 1)
        return err_set(err, ERR_INVALID, "'%s': a link of %zd bytes cannot go into an image", path,
                       n);
    if (!utf8_is_valid((struct str){target, (size_t)n}))
        return err_set(err, ERR_INVALID,
                       "'%s': the link's target is not UTF-8, which names in a layer must be; make "
                       "the link anew",
                       path);
    *out = mem_strndup(target, (size_t)n);
    return 0;
}

static int
add_folder(struct walk *w, const char *path, const char *inner, struct err *err)
{
    struct tree_entry *e = tree_add(w->tree, inner, TREE_FOLDER, err);

    if (e == NULL)
        return -1;
    e->mode = MODE_PROGRAM;
    e->uid = w->owner.uid;
    e->gid = w->owner.gid;
    e->source = mem_strdup(path);
    return 0;
}

static int
add_link(struct walk *w, int folder, const char *name, const char *path, const char *inner,
         struct err *err)
{
    cleanup_free char *target = NULL;
    struct tree_entry *e;

    if (read_link(folder, name, path, &target, err) < 0)
        return -1;
    e = tree_add(w->tree, inner, TREE_SYMLINK, err);
    if (e == NULL)
        return -1;
    e->mode = MODE_LINK;
    e->uid = w->owner.uid;
    e->gid = w->owner.gid;
    e->source = mem_strdup(path);
    e->target = steal_ptr(&target);
    return 0;
}

static int
add_regular(struct walk *w, const char *path, const char *inner, const struct stat *st,
            struct err *err)
{
    struct tree_entry *e = tree_add(w->tree, inner, TREE_FILE, err);

    if (e == NULL)
        return -1;
    fill_file(e, path, st, &w->owner);
    if (st->st_nlink > 1)
        e->link_group = w->link_group;
    return 0;
}

/* One name in an open folder. */
static int
add_name(struct walk *w, int folder, const struct pending *in, const char *name, struct err *err)
{
    cleanup_free char *path = fs_join(in->path, name);
    cleanup_free char *inner =
        in->inner[0] != '\0' ? mem_printf("%s/%s", in->inner, name) : mem_strdup(name);
    struct stat st;

    if (dest_check(inner, err) < 0)
        return err_wrap(err, "'%s'", path);
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_sys(err, "read '%s'", path);
    if (S_ISREG(st.st_mode))
        return add_regular(w, path, inner, &st, err);
    if (S_ISLNK(st.st_mode))
        return add_link(w, folder, name, path, inner, err);
    if (!S_ISDIR(st.st_mode))
        return err_set(err, ERR_INVALID, "'%s' is %s, which does not go into an image", path,
                       kind_name(st.st_mode));
    if (add_folder(w, path, inner, err) < 0)
        return -1;
    pending_push(w, steal_ptr(&path), steal_ptr(&inner));
    return 0;
}

static int
read_folder(struct walk *w, const struct pending *in, bool follow, struct err *err)
{
    int fd = open(in->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
    DIR *dir;
    int done = 0;

    if (fd < 0)
        return err_sys(err, "open the folder '%s'", in->path);
    dir = fdopendir(fd);
    if (dir == NULL) {
        err_sys(err, "read the folder '%s'", in->path);
        close(fd);
        return -1;
    }
    while (done == 0) {
        const struct dirent *d;

        errno = 0;
        d = readdir(dir);
        if (d == NULL) {
            if (errno != 0)
                done = err_sys(err, "read the folder '%s'", in->path);
            break;
        }
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
            done = add_name(w, fd, in, d->d_name, err);
    }
    closedir(dir);
    return done;
}

int
tree_scan_folder(struct tree *t, const struct source *s, const struct source_owner *owner,
                 struct err *err)
{
    struct walk w = {.tree = t, .owner = *owner, .link_group = ++t->link_groups};
    bool follow = true; /* the named folder itself may be a symbolic link */
    int done = 0;

    if (s->dest[0] != '\0')
        done = add_folder(&w, s->path, s->dest, err);
    pending_push(&w, mem_strdup(s->path), mem_strdup(s->dest));
    /* A list instead of recursion: the depth of a folder is the user's, our stack is not. */
    while (done == 0 && w.n > 0) {
        struct pending next = w.v[--w.n];

        done = read_folder(&w, &next, follow, err);
        follow = false;
        free(next.path);
        free(next.inner);
    }
    walk_done(&w);
    return done;
}

static int
changed(const struct tree_entry *e, struct err *err)
{
    return err_set(err, ERR_INVALID,
                   "'%s' changed while it was read: build again when it is at rest", e->source);
}

static bool
is_unchanged(const struct tree_entry *e, const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_dev == e->stamp.device && st->st_ino == e->stamp.inode &&
           st->st_mtim.tv_sec == e->stamp.seconds && st->st_mtim.tv_nsec == e->stamp.nanoseconds &&
           (uint64_t)st->st_size == e->size;
}

static int
check_unchanged(int fd, const struct tree_entry *e, struct err *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return err_sys(err, "read '%s'", e->source);
    return is_unchanged(e, &st) ? 0 : changed(e, err);
}

/*
 * One byte more than is left is asked for, so that the read that brings the rest tells as well that
 * nothing follows.  Files of /proc have content beyond their size, and an empty copy would be a
 * surprise.
 */
static int
copy_content(int fd, const struct tree_entry *e, char *room, const struct sink *sink,
             struct err *err)
{
    uint64_t left = e->size;

    for (;;) {
        size_t ask = left < TREE_SCAN_ROOM ? (size_t)left + 1 : TREE_SCAN_ROOM;
        ssize_t got = read(fd, room, ask);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_sys(err, "read '%s'", e->source);
        if ((uint64_t)got > left || (got == 0 && left > 0))
            return changed(e, err);
        if (got > 0 && sink_write(sink, room, (size_t)got, err) < 0)
            return -1;
        left -= (uint64_t)got;
        if (left == 0 && (size_t)got < ask)
            return 0;
    }
}

int
tree_scan_content(const struct tree_entry *entry, void *room, const struct sink *sink,
                  struct err *err)
{
    cleanup_fd int fd = -1;

    if (entry->data != NULL)
        return sink_write(sink, entry->data, entry->size, err);
    /* What was a regular file may be a pipe by now, which O_NONBLOCK keeps from hanging us. */
    fd = open(entry->source, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return err_sys(err, "open '%s'", entry->source);
    if (check_unchanged(fd, entry, err) < 0 || copy_content(fd, entry, room, sink, err) < 0)
        return -1;
    return check_unchanged(fd, entry, err);
}
