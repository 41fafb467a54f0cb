/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_TREE_RESOLVE_H
#define IMAGES_TREE_RESOLVE_H

/* Finds what a path means inside an image, following the image's own symbolic links. */

struct tree;
struct tree_entry;

enum { TREE_RESOLVE_LINKS_MAX = 40 };

/* path is absolute.  The file or folder it leads to (a hard link gives its file), or NULL when
 * there is none, when links go round in circles, and for the root. */
const struct tree_entry *tree_resolve(const struct tree *t, const char *path);

#endif
