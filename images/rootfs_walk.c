/* SPDX-License-Identifier: Apache-2.0 */
#include "images/rootfs.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static int
compare_names(const void *a, const void *b)
{
    return strcmp((*(struct rootfs_node *const *)a)->name, (*(struct rootfs_node *const *)b)->name);
}

static void
sort_folder(struct rootfs_node *folder)
{
    cleanup_free struct rootfs_node **v = NULL;
    size_t n = 0, i = 0;

    for (struct rootfs_node *c = folder->down; c != NULL; c = c->next)
        n++;
    if (n < 2)
        return;
    v = mem_realloc(NULL, n, sizeof(struct rootfs_node *));
    for (struct rootfs_node *c = folder->down; c != NULL; c = c->next)
        v[i++] = c;
    qsort(v, n, sizeof(struct rootfs_node *), compare_names);
    for (i = 0; i < n; i++) {
        v[i]->previous = i > 0 ? v[i - 1] : NULL;
        v[i]->next = i + 1 < n ? v[i + 1] : NULL;
    }
    folder->down = v[0];
}

void
rootfs_sort(struct rootfs *r)
{
    struct rootfs_node *root = rootfs_root(r);

    for (struct rootfs_node *n = root; n != NULL; n = rootfs_next(root, n))
        sort_folder(n);
}

struct rootfs_node *
rootfs_next(const struct rootfs_node *top, struct rootfs_node *at)
{
    if (at->down != NULL)
        return at->down;
    while (at != top && at->next == NULL)
        at = at->up;
    return at == top ? NULL : at->next;
}

struct rootfs_node *
rootfs_find(const struct rootfs *r, const char *path)
{
    struct str rest = str_from(path);
    struct rootfs_node *at = rootfs_root(r);

    while (rest.p != NULL && at != NULL) {
        struct str part = str_cut(&rest, '/');

        if (part.n > 0)
            at = rootfs_lookup(r, at, part);
    }
    return at;
}

/* One step of a walk: into a folder, up, or nowhere. */
static struct rootfs_node *
step(const struct rootfs *r, struct rootfs_node *at, struct str part)
{
    if (part.n == 0 || str_eq(part, "."))
        return at;
    if (at->inode->type != TAR_READ_FOLDER)
        return NULL;
    if (str_eq(part, ".."))
        return at->up != NULL ? at->up : at;
    return rootfs_lookup(r, at, part);
}

struct rootfs_node *
rootfs_resolve(const struct rootfs *r, const char *path, bool follow)
{
    cleanup_free char *todo = mem_strdup(path);
    struct str rest = str_from(todo);
    struct rootfs_node *at = rootfs_root(r);
    int links = 0;

    while (rest.p != NULL && at != NULL) {
        struct rootfs_node *n = step(r, at, str_cut(&rest, '/'));
        char *longer;

        if (n == NULL || n->inode->type != TAR_READ_SYMLINK || (rest.p == NULL && !follow)) {
            at = n;
            continue;
        }
        if (++links > ROOTFS_LINKS_MAX)
            return NULL;
        if (n->inode->target[0] == '/')
            at = rootfs_root(r);
        longer = rest.p == NULL ? mem_strdup(n->inode->target)
                                : mem_printf("%s/" STR_FMT, n->inode->target, STR_ARG(rest));
        free(todo);
        todo = longer;
        rest = str_from(todo);
    }
    return at;
}

char *
rootfs_path(const struct rootfs_node *n)
{
    size_t size = 1;
    char *path, *at;

    for (const struct rootfs_node *i = n; i->up != NULL; i = i->up)
        size += strlen(i->name) + 1;
    path = mem_alloc(size);
    at = path + size - 1;
    if (n->up != NULL)
        at--; /* one slash less than names */
    *at = '\0';
    for (const struct rootfs_node *i = n; i->up != NULL; i = i->up) {
        size_t len = strlen(i->name);

        at -= len;
        memcpy(at, i->name, len);
        if (at != path)
            *--at = '/';
    }
    return path;
}
