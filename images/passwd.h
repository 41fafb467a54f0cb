/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_PASSWD_H
#define IMAGES_PASSWD_H

/*
 * The user that a container runs as, and the /etc/passwd and /etc/group lines that programs look
 * themselves up in.
 */

#include <stdint.h>

#include "base/attr.h"

struct err;
struct tree;

enum { PASSWD_NAME_MAX = 32, PASSWD_NONROOT = 65532 };

struct passwd_user {
    char name[PASSWD_NAME_MAX + 1];
    uint32_t uid, gid;
};

/*
 * "root", "nonroot", UID, UID:GID, NAME:UID or NAME:UID:GID.  Without a GID the group has the UID's
 * number.  A bare other name is refused: there is nothing to look its number up in.
 */
int passwd_parse(const char *text, struct passwd_user *out, struct err *err) NODISCARD;

/* nonroot, 65532:65532. */
struct passwd_user passwd_default(void);

/* "UID:GID" for the image's config.  Numbers, because Kubernetes can tell only from them that a
 * container does not run as root. */
void passwd_config_user(const struct passwd_user *u, char out[32]);

/* Adds /etc/passwd and /etc/group with the lines of root and of u, where the tree has none of its
 * own.  The tree must be sealed, and is not any more afterwards. */
int passwd_add(struct tree *t, const struct passwd_user *u, struct err *err) NODISCARD;

#endif
