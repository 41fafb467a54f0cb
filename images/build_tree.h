/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_BUILD_TREE_H
#define IMAGES_BUILD_TREE_H

/*
 * The tree of `imagegen build`: the user's files, then what a container needs besides and the user
 * did not bring: /etc/passwd and /etc/group, /tmp, the working directory, certificates.
 */

#include "base/attr.h"

struct build_opts;
struct err;
struct passwd_user;
struct tree;

/* The tree is sealed afterwards. */
int build_tree(const struct build_opts *o, const struct passwd_user *user, struct tree *t,
               struct err *err) NODISCARD;

#endif
