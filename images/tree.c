/* SPDX-License-Identifier: Apache-2.0 */
#include "images/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

enum { IMPLIED_MODE = 0755 };

static void
entry_done(struct tree_entry *e)
{
    free(e->path);
    free(e->target);
    free(e->source);
    free(e->data);
}

void
tree_done(struct tree *t)
{
    for (size_t i = 0; i < t->n; i++)
        entry_done(&t->v[i]);
    free(t->v);
    *t = (struct tree)TREE_INIT;
}

void
tree_drop_implied(struct tree *t)
{
    size_t kept = 0;

    for (size_t i = 0; i < t->n; i++) {
        if (t->v[i].implied)
            entry_done(&t->v[i]);
        else
            t->v[kept++] = t->v[i];
    }
    t->n = kept;
}

struct tree_entry *
tree_add(struct tree *t, const char *path, enum tree_type type, struct err *err)
{
    struct tree_entry *e;

    if (t->n == TREE_ENTRIES_MAX) {
        err_set(err, ERR_LIMIT, "'/%s': more than %d files are too many for one layer", path,
                TREE_ENTRIES_MAX);
        return NULL;
    }
    if (t->n == t->cap) {
        t->cap = t->cap == 0 ? 16 : t->cap * 2;
        t->v = mem_realloc(t->v, t->cap, sizeof(*t->v));
    }
    e = &t->v[t->n++];
    memset(e, 0, sizeof(*e));
    e->path = mem_strdup(path);
    e->type = type;
    return e;
}

int
tree_add_text(struct tree *t, const char *path, unsigned mode, const char *text, struct err *err)
{
    struct tree_entry *e = tree_add(t, path, TREE_FILE, err);

    if (e == NULL)
        return -1;
    e->mode = mode;
    e->data = mem_strdup(text);
    e->size = strlen(text);
    return 0;
}

static int
compare_paths(const void *a, const void *b)
{
    const struct tree_entry *x = a;
    const struct tree_entry *y = b;

    return strcmp(x->path, y->path); /* strcmp compares as unsigned char: bytewise */
}

struct tree_entry *
tree_find(const struct tree *t, const char *path)
{
    struct tree_entry key = {.path = (char *)path};

    return t->n == 0 ? NULL : bsearch(&key, t->v, t->n, sizeof(*t->v), compare_paths);
}

static const char *
origin(const struct tree_entry *e)
{
    return e->source != NULL ? e->source : e->implied ? "a folder on the way" : "the command line";
}

static bool
is_same_folder(const struct tree_entry *a, const struct tree_entry *b)
{
    return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid;
}

/* Two entries of one path: one remains, or it is an error. */
static int
merge(struct tree_entry *kept, struct tree_entry *other, struct err *err)
{
    bool folders = kept->type == TREE_FOLDER && other->type == TREE_FOLDER;

    if (!folders || (!kept->implied && !other->implied && !is_same_folder(kept, other)))
        return err_set(err, ERR_INVALID, "'/%s' is given twice: by '%s' and by '%s'", kept->path,
                       origin(kept), origin(other));
    if (kept->implied) {
        struct tree_entry swap = *kept;

        *kept = *other;
        *other = swap;
    }
    return 0;
}

static int
sort_and_merge(struct tree *t, struct err *err)
{
    size_t kept = 0;

    if (t->n == 0)
        return 0;
    qsort(t->v, t->n, sizeof(*t->v), compare_paths);
    for (size_t i = 1; i < t->n; i++) {
        if (strcmp(t->v[kept].path, t->v[i].path) != 0) {
            struct tree_entry moved = t->v[i];

            t->v[i] = t->v[++kept];
            t->v[kept] = moved;
            continue;
        }
        if (merge(&t->v[kept], &t->v[i], err) < 0)
            return -1;
    }
    for (size_t i = kept + 1; i < t->n; i++)
        entry_done(&t->v[i]);
    t->n = kept + 1;
    return 0;
}

/* The folder of a path, or NULL for a path at the top.  The caller frees it. */
static char *
parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? mem_strndup(path, (size_t)(slash - path)) : NULL;
}

/* Appends the missing folders of all entries, one level up; *added says whether there were any. */
static int
add_parents(struct tree *t, bool *added, struct err *err)
{
    struct tree sorted = *t; /* the entries that tree_find() may search while more are appended */

    *added = false;
    for (size_t i = 0; i < sorted.n; i++) {
        cleanup_free char *parent = parent_of(t->v[i].path);
        struct tree_entry *e;

        sorted.v = t->v;
        if (parent == NULL || tree_find(&sorted, parent) != NULL)
            continue;
        if (*added && strcmp(t->v[t->n - 1].path, parent) == 0)
            continue;
        e = tree_add(t, parent, TREE_FOLDER, err);
        if (e == NULL)
            return -1;
        e->mode = IMPLIED_MODE;
        e->implied = true;
        *added = true;
    }
    return 0;
}

static int
check_parents(const struct tree *t, struct err *err)
{
    for (size_t i = 0; i < t->n; i++) {
        cleanup_free char *name = parent_of(t->v[i].path);
        const struct tree_entry *parent = name != NULL ? tree_find(t, name) : NULL;

        if (parent == NULL || parent->type == TREE_FOLDER)
            continue;
        if (parent->type == TREE_SYMLINK)
            return err_set(err, ERR_INVALID,
                           "'/%s' cannot be put there: '/%s' is a symbolic link to '%s' in the "
                           "image; name the folder it leads to",
                           t->v[i].path, name, parent->target);
        return err_set(err, ERR_INVALID, "'/%s' cannot be put there: '/%s' is a file (from '%s')",
                       t->v[i].path, name, origin(parent));
    }
    return 0;
}

static int
compare_links(const void *a, const void *b)
{
    const struct tree_entry *x = *(const struct tree_entry *const *)a;
    const struct tree_entry *y = *(const struct tree_entry *const *)b;

    if (x->link_group != y->link_group)
        return x->link_group < y->link_group ? -1 : 1;
    if (x->stamp.device != y->stamp.device)
        return x->stamp.device < y->stamp.device ? -1 : 1;
    if (x->stamp.inode != y->stamp.inode)
        return x->stamp.inode < y->stamp.inode ? -1 : 1;
    return strcmp(x->path, y->path);
}

static bool
is_same_inode(const struct tree_entry *a, const struct tree_entry *b)
{
    return a->link_group == b->link_group && a->stamp.device == b->stamp.device &&
           a->stamp.inode == b->stamp.inode;
}

static void
make_hard_links(struct tree *t)
{
    cleanup_free struct tree_entry **linked = NULL;
    size_t n = 0;
    size_t first = 0;

    for (size_t i = 0; i < t->n; i++)
        n += t->v[i].link_group != 0;
    if (n == 0)
        return;
    linked = mem_realloc(NULL, n, sizeof(struct tree_entry *));
    n = 0;
    for (size_t i = 0; i < t->n; i++)
        if (t->v[i].link_group != 0)
            linked[n++] = &t->v[i];
    qsort(linked, n, sizeof(struct tree_entry *), compare_links);
    for (size_t i = 1; i < n; i++) {
        if (!is_same_inode(linked[first], linked[i])) {
            first = i;
            continue;
        }
        linked[i]->type = TREE_HARDLINK;
        linked[i]->size = 0;
        free(linked[i]->target);
        linked[i]->target = mem_strdup(linked[first]->path);
    }
}

int
tree_seal(struct tree *t, struct err *err)
{
    bool added = true;

    while (added) {
        if (sort_and_merge(t, err) < 0 || add_parents(t, &added, err) < 0)
            return -1;
    }
    if (check_parents(t, err) < 0)
        return -1;
    make_hard_links(t);
    return 0;
}
