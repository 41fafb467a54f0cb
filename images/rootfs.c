/* SPDX-License-Identifier: Apache-2.0 */
#include "images/rootfs.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "images/layer_read.h"

enum { TABLE_FIRST = 1024 /* a power of two */, NAME_BYTES_MAX = 255 };

struct rootfs {
    struct rootfs_observer observer;
    struct rootfs_node *root;
    struct rootfs_node **table;
    size_t table_n, nodes;
    struct rootfs_layer *layers;
    size_t n_layers;
};

/* ---- names ---- */

static uint32_t
hash_name(const struct rootfs_node *folder, struct str name)
{
    uint32_t h = 2166136261U ^ (uint32_t)((uintptr_t)folder >> 4) * 2654435761U;

    for (size_t i = 0; i < name.n; i++)
        h = (h ^ (unsigned char)name.p[i]) * 16777619U;
    return h ^ h >> 15;
}

struct rootfs_node *
rootfs_lookup(const struct rootfs *r, const struct rootfs_node *folder, struct str name)
{
    uint32_t hash = hash_name(folder, name);
    struct rootfs_node *n = r->table[hash & (r->table_n - 1)];

    while (n != NULL && (n->hash != hash || n->up != folder || !str_eq(name, n->name)))
        n = n->chain;
    return n;
}

static void
grow_table(struct rootfs *r)
{
    size_t n = r->table_n * 2;
    struct rootfs_node **table = mem_alloc(n * sizeof(struct rootfs_node *));

    for (size_t i = 0; i < r->table_n; i++) {
        struct rootfs_node *at = r->table[i];

        while (at != NULL) {
            struct rootfs_node *chain = at->chain;

            at->chain = table[at->hash & (n - 1)];
            table[at->hash & (n - 1)] = at;
            at = chain;
        }
    }
    free(r->table);
    r->table = table;
    r->table_n = n;
}

static struct rootfs_node *
new_node(struct rootfs *r, struct rootfs_node *up, struct str name, struct rootfs_inode *inode)
{
    struct rootfs_node *n = mem_alloc(sizeof(*n) + name.n + 1);
    struct rootfs_node **slot;

    memcpy(n->name, name.p, name.n);
    n->inode = inode;
    inode->links++;
    n->layer = (unsigned)r->n_layers;
    if (up == NULL)
        return n;
    if (r->nodes++ >= r->table_n)
        grow_table(r);
    n->hash = hash_name(up, name);
    slot = &r->table[n->hash & (r->table_n - 1)];
    n->chain = *slot;
    *slot = n;
    n->up = up;
    n->next = up->down;
    if (n->next != NULL)
        n->next->previous = n;
    up->down = n;
    return n;
}

static void
free_inode(struct rootfs_inode *inode)
{
    free(inode->target);
    for (size_t i = 0; i < inode->n_xattrs; i++) {
        free(inode->xattrs[i].name);
        free(inode->xattrs[i].value);
    }
    free(inode->xattrs);
    free(inode);
}

static void
drop_inode(struct rootfs *r, struct rootfs_inode *inode)
{
    if (--inode->links > 0)
        return;
    if (inode->type == TAR_READ_FILE && inode->layer > 0)
        r->layers[inode->layer - 1].hidden += inode->size;
    free_inode(inode);
}

/* A node without anything below it. */
static int
remove_node(struct rootfs *r, struct rootfs_node *n, struct err *err)
{
    struct rootfs_node **slot = &r->table[n->hash & (r->table_n - 1)];

    if (r->observer.removing != NULL && r->observer.removing(r->observer.ctx, n, err) < 0)
        return -1;
    while (*slot != n)
        slot = &(*slot)->chain;
    *slot = n->chain;
    r->nodes--;
    if (n->previous != NULL)
        n->previous->next = n->next;
    else
        n->up->down = n->next;
    if (n->next != NULL)
        n->next->previous = n->previous;
    drop_inode(r, n->inode);
    free(n);
    return 0;
}

/* ---- life ---- */

static struct rootfs_inode *
new_folder(const struct rootfs *r)
{
    struct rootfs_inode *inode = mem_alloc(sizeof(*inode));

    inode->type = TAR_READ_FOLDER;
    inode->mode = 0755;
    inode->layer = (unsigned)r->n_layers;
    return inode;
}

struct rootfs *
rootfs_new(const struct rootfs_observer *o)
{
    struct rootfs *r = mem_alloc(sizeof(*r));

    if (o != NULL)
        r->observer = *o;
    r->table_n = TABLE_FIRST;
    r->table = mem_alloc(r->table_n * sizeof(struct rootfs_node *));
    r->root = new_node(r, NULL, STR_LIT(""), new_folder(r));
    r->root->implied = true;
    return r;
}

static struct rootfs_node *
deepest(struct rootfs_node *n)
{
    while (n->down != NULL)
        n = n->down;
    return n;
}

void
rootfs_free(struct rootfs *r)
{
    struct rootfs_node *n;

    if (r == NULL)
        return;
    for (n = deepest(r->root); n != NULL;) {
        struct rootfs_node *after = n->next != NULL ? deepest(n->next) : n->up;

        drop_inode(r, n->inode);
        free(n);
        n = after;
    }
    free(r->table);
    free(r->layers);
    free(r);
}

void
rootfs_freep(struct rootfs **r)
{
    rootfs_free(*r);
}

void
rootfs_begin_layer(struct rootfs *r)
{
    r->layers = mem_realloc(r->layers, r->n_layers + 1, sizeof(*r->layers));
    r->layers[r->n_layers++] = (struct rootfs_layer){0};
}

/* ---- hiding ---- */

/* Removes what lower layers have below top, and top itself when with_top.  Folders with something
 * of this layer in them stay. */
static int
hide(struct rootfs *r, struct rootfs_node *top, bool with_top, struct err *err)
{
    struct rootfs_node *n = deepest(top);

    for (;;) {
        bool is_top = n == top;
        struct rootfs_node *after = is_top ? NULL : n->next != NULL ? deepest(n->next) : n->up;

        if (n->layer < r->n_layers && n->down == NULL && (!is_top || with_top) &&
            remove_node(r, n, err) < 0)
            return -1;
        if (is_top)
            return 0;
        n = after;
    }
}

/* ---- applying ---- */

static int
told(struct rootfs *r, const struct rootfs_node *n, const struct rootfs_node *linked,
     struct err *err)
{
    if (r->observer.added == NULL)
        return 0;
    return r->observer.added(r->observer.ctx, n, linked, err);
}

/* One part of a walk from the folder *at, which becomes what it leads to: a folder, a link, or NULL
 * when nothing is there and nothing is to be made. */
static int
enter(struct rootfs *r, struct rootfs_node **at, struct str part, bool make, struct err *err)
{
    struct rootfs_node *n;

    if (part.n == 0 || str_eq(part, "."))
        return 0;
    if (str_eq(part, "..")) { /* of a link: paths of entries have none */
        *at = (*at)->up != NULL ? (*at)->up : *at;
        return 0;
    }
    n = rootfs_lookup(r, *at, part);
    if (n == NULL && make) {
        if (part.n > NAME_BYTES_MAX)
            return err_set(err, ERR_INVALID, "a link on its way has a name of %zu bytes", part.n);
        n = new_node(r, *at, part, new_folder(r));
        n->implied = true;
        if (told(r, n, NULL, err) < 0)
            return -1;
    } else if (n != NULL && n->inode->type != TAR_READ_FOLDER &&
               n->inode->type != TAR_READ_SYMLINK) {
        return err_set(err, ERR_INVALID, "it lies below a file of the image");
    }
    *at = n;
    return 0;
}

/* The folder at an inner path.  Links on the way, and at its end, are followed within the image, as
 * Docker and containerd do: usr/bin gets what a layer has below bin.  What is missing is made when
 * make; else *out is NULL. */
static int
walk(struct rootfs *r, struct str path, bool make, struct rootfs_node **out, struct err *err)
{
    cleanup_free char *todo = mem_strndup(path.p, path.n);
    struct str rest = str_from(todo);
    struct rootfs_node *folder = r->root;
    int links = 0;

    while (rest.p != NULL && folder != NULL) {
        struct rootfs_node *n = folder;
        char *longer;

        if (enter(r, &n, str_cut(&rest, '/'), make, err) < 0)
            return -1;
        if (n == NULL || n->inode->type == TAR_READ_FOLDER) {
            folder = n;
            continue;
        }
        if (++links > ROOTFS_LINKS_MAX)
            return err_set(err, ERR_INVALID, "more than %d symbolic links on its way",
                           ROOTFS_LINKS_MAX);
        if (n->inode->target[0] == '/')
            folder = r->root;
        longer = rest.p == NULL ? mem_strdup(n->inode->target)
                                : mem_printf("%s/" STR_FMT, n->inode->target, STR_ARG(rest));
        free(todo);
        todo = longer;
        rest = str_from(todo);
    }
    *out = folder;
    return 0;
}

/* The folder that path lies in, made when it is missing and make; *name is the last part.  NULL in
 * *out when it is not there. */
static int
find_parent(struct rootfs *r, const char *path, bool make, struct rootfs_node **out,
            struct str *name, struct err *err)
{
    const char *slash = strrchr(path, '/');

    *name = str_from(slash != NULL ? slash + 1 : path);
    return walk(r, (struct str){path, slash != NULL ? (size_t)(slash - path) : 0}, make, out, err);
}

static int
apply_whiteout(struct rootfs *r, const struct layer_entry *e, struct err *err)
{
    struct rootfs_node *up, *n = NULL;
    struct str name;

    if (e->kind == LAYER_OPAQUE) {
        if (walk(r, str_from(e->path), false, &n, err) < 0)
            return -1;
    } else {
        if (find_parent(r, e->path, false, &up, &name, err) < 0)
            return -1;
        n = up != NULL ? rootfs_lookup(r, up, name) : NULL;
    }
    if (n == NULL)
        return 0;
    return hide(r, n, e->kind == LAYER_WHITEOUT, err);
}

static void
set_attributes(struct rootfs *r, struct rootfs_inode *inode, const struct tar_read_entry *raw)
{
    free(inode->target);
    for (size_t i = 0; i < inode->n_xattrs; i++) {
        free(inode->xattrs[i].name);
        free(inode->xattrs[i].value);
    }
    free(inode->xattrs);
    *inode = (struct rootfs_inode){.type = raw->type,
                                   .mode = raw->mode,
                                   .uid = raw->uid,
                                   .gid = raw->gid,
                                   .size = raw->size,
                                   .mtime = raw->mtime,
                                   .mtime_ns = raw->mtime_ns,
                                   .major = raw->major,
                                   .minor = raw->minor,
                                   .links = inode->links,
                                   .layer = (unsigned)r->n_layers,
                                   .number = r->layers[r->n_layers - 1].entries};
    if (raw->type == TAR_READ_SYMLINK)
        inode->target = mem_strdup(raw->target);
    inode->n_xattrs = raw->n_xattrs;
    if (raw->n_xattrs > 0)
        inode->xattrs = mem_realloc(NULL, raw->n_xattrs, sizeof(*inode->xattrs));
    for (size_t i = 0; i < raw->n_xattrs; i++)
        inode->xattrs[i] = (struct tar_xattr){
            mem_strdup(raw->xattrs[i].name), mem_strndup(raw->xattrs[i].value, raw->xattrs[i].size),
            raw->xattrs[i].size};
}

/* Makes room for an entry where something is; NULL in *n when the place is free then. */
static int
give_way(struct rootfs *r, struct rootfs_node **n, struct str name, bool folder, struct err *err)
{
    struct rootfs_node *old = *n, *up = old->up;
    bool both = folder && old->inode->type == TAR_READ_FOLDER;

    if (old->layer == r->n_layers && !(old->implied && both))
        return err_set(err, ERR_INVALID, "it is there twice in one layer");
    if (both)
        return 0;
    if (hide(r, old, true, err) < 0)
        return -1;
    if (rootfs_lookup(r, up, name) != NULL)
        return err_set(err, ERR_INVALID, "the same layer has put something below it");
    *n = NULL;
    return 0;
}

/* The name that a hard link is another one of; NULL with err. */
static struct rootfs_node *
find_linked(struct rootfs *r, const char *link, struct err *err)
{
    struct rootfs_node *up, *n = NULL;
    struct str name;

    if (find_parent(r, link, false, &up, &name, err) < 0) {
        err_wrap(err, "the target of its hard link");
        return NULL;
    }
    if (up != NULL)
        n = rootfs_lookup(r, up, name);
    if (n == NULL) {
        err_set(err, ERR_INVALID, "a hard link to what is not there");
        return NULL;
    }
    if (n->inode->type != TAR_READ_FILE) {
        err_set(err, ERR_INVALID, "a hard link to a %s",
                n->inode->type == TAR_READ_SYMLINK  ? "symbolic link"
                : n->inode->type == TAR_READ_FOLDER ? "folder"
                                                    : "special file");
        return NULL;
    }
    return n;
}

static void
count(struct rootfs *r, const struct layer_entry *e)
{
    struct rootfs_layer *l = &r->layers[r->n_layers - 1];

    l->entries++;
    if (e->raw->type == TAR_READ_FILE && e->kind == LAYER_ENTRY)
        l->bytes += e->raw->size;
}

static int
apply_new(struct rootfs *r, const struct layer_entry *e, struct rootfs_node *up, struct str name,
          struct rootfs_node **out, struct err *err)
{
    struct rootfs_node *linked = NULL;
    struct rootfs_inode *inode;

    if (e->raw->type == TAR_READ_HARDLINK) {
        linked = find_linked(r, e->link, err);
        if (linked == NULL)
            return -1;
        inode = linked->inode;
    } else {
        inode = mem_alloc(sizeof(*inode));
        set_attributes(r, inode, e->raw);
    }
    *out = new_node(r, up, name, inode);
    return told(r, *out, linked, err);
}

static int
apply_entry(struct rootfs *r, const struct layer_entry *e, struct rootfs_node **out,
            struct err *err)
{
    bool folder = e->raw->type == TAR_READ_FOLDER;
    struct rootfs_node *up = NULL, *n = r->root;
    struct str name = STR_LIT("");

    if (e->path[0] != '\0') {
        if (find_parent(r, e->path, true, &up, &name, err) < 0)
            return -1;
        n = rootfs_lookup(r, up, name);
    }
    /* A link to itself in a lower layer would lose its file before it is found. */
    if (e->raw->type == TAR_READ_HARDLINK && strcmp(e->link, e->path) == 0)
        return err_set(err, ERR_INVALID, "a hard link to itself");
    if (n != NULL && give_way(r, &n, name, folder, err) < 0)
        return -1;
    if (n == NULL)
        return apply_new(r, e, up, name, out, err);
    set_attributes(r, n->inode, e->raw);
    n->layer = (unsigned)r->n_layers;
    n->implied = false;
    *out = n;
    return 0;
}

int
rootfs_apply(struct rootfs *r, const struct layer_entry *e, struct rootfs_node **out,
             struct err *err)
{
    struct rootfs_node *n = NULL;

    count(r, e);
    if ((e->kind == LAYER_ENTRY ? apply_entry(r, e, &n, err) : apply_whiteout(r, e, err)) < 0)
        return -1;
    if (out != NULL)
        *out = n;
    return 0;
}

struct rootfs_node *
rootfs_root(const struct rootfs *r)
{
    return r->root;
}

size_t
rootfs_layer_count(const struct rootfs *r)
{
    return r->n_layers;
}

const struct rootfs_layer *
rootfs_layer_get(const struct rootfs *r, size_t i)
{
    return &r->layers[i];
}
