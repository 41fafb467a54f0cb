/* SPDX-License-Identifier: Apache-2.0 */
#include "images/build_tree.h"

#include "base/err.h"
#include "base/mem.h"
#include "images/build.h"
#include "images/cacerts.h"
#include "images/dest.h"
#include "images/passwd.h"
#include "images/source.h"
#include "images/tree.h"
#include "images/tree_scan.h"

enum { MODE_FOLDER = 0755, MODE_TMP = 01777 };

static int
usage(struct err *err, const char *option)
{
    err->code = ERR_USAGE;
    return err_wrap(err, "%s", option);
}

static int
add_files(const struct build_opts *o, const struct source_owner *owner, struct tree *t,
          struct err *err)
{
    for (size_t i = 0; i < o->files.n; i++) {
        cleanup_source struct source s = SOURCE_INIT;

        if (source_parse_file(o->files.v[i], &s, err) < 0)
            return usage(err, "--file");
        if (tree_scan_file(t, &s, owner, err) < 0)
            return -1;
    }
    return 0;
}

static int
add_folders(const struct build_opts *o, const struct source_owner *owner, struct tree *t,
            struct err *err)
{
    for (size_t i = 0; i < o->folders.n; i++) {
        cleanup_source struct source s = SOURCE_INIT;

        if (source_parse_folder(o->folders.v[i], &s, err) < 0)
            return usage(err, "--dir");
        if (tree_scan_folder(t, &s, owner, err) < 0)
            return -1;
    }
    return 0;
}

/* Programs that write temporary files fail in odd ways without it. */
static int
add_tmp(struct tree *t, struct err *err)
{
    struct tree_entry *e = tree_find(t, "tmp");

    if (e == NULL)
        e = tree_add(t, "tmp", TREE_FOLDER, err);
    if (e == NULL)
        return -1;
    if (e->type == TREE_FOLDER) {
        e->mode = MODE_TMP;
        e->uid = e->gid = 0;
        e->implied = false;
    }
    return 0;
}

/* Runtimes differ in what they do about a working directory that is not there. */
static int
add_workdir(const char *workdir, struct tree *t, struct err *err)
{
    cleanup_free char *path = NULL;
    struct tree_entry *e;

    if (dest_parse(str_from(workdir), true, &path, err) < 0)
        return usage(err, "--workdir");
    e = tree_find(t, path);
    if (path[0] == '\0' || (e != NULL && (e->type == TREE_FOLDER || e->type == TREE_SYMLINK)))
        return 0;
    if (e != NULL)
        return err_set(err, ERR_INVALID, "--workdir: '%s' is a file in the image", workdir);
    e = tree_add(t, path, TREE_FOLDER, err);
    if (e == NULL)
        return -1;
    e->mode = MODE_FOLDER;
    e->implied = true;
    return 0;
}

/* Each step may add entries, and the next one looks entries up: so it is sealed in between. */
static int
add_rest(const struct build_opts *o, const struct passwd_user *user, struct tree *t,
         struct err *err)
{
    if (tree_seal(t, err) < 0)
        return -1;
    if (o->workdir != NULL && (add_workdir(o->workdir, t, err) < 0 || tree_seal(t, err) < 0))
        return -1;
    /* A base has its own; what nobody gave is not put over it. */
    if (o->from == NULL && !o->no_tmp && (add_tmp(t, err) < 0 || tree_seal(t, err) < 0))
        return -1;
    if (o->from == NULL && (passwd_add(t, user, err) < 0 || tree_seal(t, err) < 0))
        return -1;
    if ((o->ca_certs || o->ca_file != NULL) && cacerts_add(t, o->ca_file, err) < 0)
        return -1;
    return tree_seal(t, err);
}

int
build_tree(const struct build_opts *o, const struct passwd_user *user, struct tree *t,
           struct err *err)
{
    struct source_owner owner = {0, 0};

    if (o->owner != NULL && source_parse_owner(o->owner, &owner, err) < 0)
        return usage(err, "--owner");
    if (add_files(o, &owner, t, err) < 0 || add_folders(o, &owner, t, err) < 0)
        return -1;
    if (add_rest(o, user, t, err) < 0)
        return -1;
    if (o->from != NULL)
        tree_drop_implied(t);
    return 0;
}
