/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_TREE_H
#define IMAGES_TREE_H

/*
 * What goes into a layer: entries in any order, made into the one order a layer has by tree_seal().
 * The same entries give the same tree whatever the order they came in.
 *
 * Rules: entries are sorted bytewise by path, so a folder comes before what is in it.  A path given
 * twice is refused, unless both are folders with the same attributes.  Folders on the way that
 * nobody gave are made with mode 0755 and owner 0:0.  Nothing may lie below a file or a symbolic
 * link.  Files of one source folder that are hard links of each other stay so: the first path is
 * the file, the others are links to it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"

struct err;

enum { TREE_ENTRIES_MAX = 1 << 22 };

enum tree_type { TREE_FOLDER, TREE_FILE, TREE_SYMLINK, TREE_HARDLINK };

/* A file as it was when it was found, to tell later whether it is still the same. */
struct tree_stamp {
    dev_t device;
    ino_t inode;
    int64_t seconds;
    long nanoseconds;
};

struct tree_entry {
    char *path; /* images/dest.h, inner form */
    enum tree_type type;
    unsigned mode; /* permission bits */
    uint32_t uid, gid;
    uint64_t size; /* of a file's content */
    char *target;  /* of a link: a symbolic one's text, a hard one's inner path */
    char *source;  /* file or folder on disk that it comes from, or NULL */
    char *data;    /* a file's content when it does not come from disk, or NULL */
    struct tree_stamp stamp;
    unsigned link_group; /* not 0: the file had several links within the source of that number */
    bool implied;        /* a folder that nobody gave */
};

struct tree {
    struct tree_entry *v;
    size_t n;
    size_t cap;
    unsigned link_groups; /* the last number given out */
};

#define TREE_INIT     \
    {                 \
        NULL, 0, 0, 0 \
    }

void tree_done(struct tree *t);
#define cleanup_tree __attribute__((cleanup(tree_done)))

/* A new entry with a copy of path, all else zero, for the caller to fill; it is valid until the
 * next one is made.  NULL with err set when there are too many. */
struct tree_entry *tree_add(struct tree *t, const char *path, enum tree_type type, struct err *err);

/* A file whose content is given, owned by root. */
int tree_add_text(struct tree *t, const char *path, unsigned mode, const char *text,
                  struct err *err) NODISCARD;

/* Sorts and checks; may be called again after more was added. */
int tree_seal(struct tree *t, struct err *err) NODISCARD;

/* Leaves out the folders that nobody gave: where a base below has them, they keep what it says of
 * them.  The tree stays sealed. */
void tree_drop_implied(struct tree *t);

/* The entry of that inner path, or NULL.  The tree must be sealed. */
struct tree_entry *tree_find(const struct tree *t, const char *path);

#endif
