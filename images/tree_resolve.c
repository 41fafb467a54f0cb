/* SPDX-License-Identifier: Apache-2.0 */
#include "images/tree_resolve.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "images/tree.h"

/* Drops the last part of an inner path. */
static void
ascend(char *at)
{
    char *slash = strrchr(at, '/');

    *(slash != NULL ? slash : at) = '\0';
}

/* at + "/" + part; part may be "." or "..". */
static char *
descend(char *at, struct str part)
{
    char *joined;

    if (part.n == 0 || str_eq(part, "."))
        return at;
    if (str_eq(part, "..")) {
        ascend(at);
        return at;
    }
    joined = mem_printf("%s%s" STR_FMT, at, at[0] != '\0' ? "/" : "", STR_ARG(part));
    free(at);
    return joined;
}

/* Puts a link's target before what is still to be walked. */
static char *
prepend(const char *target, struct str rest)
{
    return mem_printf("%s/" STR_FMT, target, STR_ARG(rest));
}

const struct tree_entry *
tree_resolve(const struct tree *t, const char *path)
{
    cleanup_free char *todo = mem_strdup(path);
    cleanup_free char *at = mem_strdup("");
    struct str rest = str_from(todo);
    const struct tree_entry *e = NULL;
    int links = 0;

    while (rest.p != NULL) {
        struct str part = str_cut(&rest, '/');
        char *longer;

        at = descend(at, part);
        e = at[0] != '\0' ? tree_find(t, at) : NULL;
        if (e == NULL && at[0] != '\0')
            return NULL;
        if (e == NULL || e->type != TREE_SYMLINK)
            continue;
        if (++links > TREE_RESOLVE_LINKS_MAX)
            return NULL;
        ascend(at);
        if (e->target[0] == '/')
            at[0] = '\0';
        longer = prepend(e->target, rest);
        free(todo);
        todo = longer;
        rest = str_from(todo);
    }
    if (e != NULL && e->type == TREE_HARDLINK)
        e = tree_find(t, e->target);
    return e;
}
