/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_USER_H
#define SERVER_USER_H

/*
 * Who the workers are.  The master binds its ports and opens its log as who it was started; each
 * worker becomes the user before it does anything else, and nothing leads back.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"

struct err;

struct user {
    bool wanted; /* else stay who we are */
    uid_t uid;
    gid_t gid;
};

/* From --user and --group, each a name or a number, or NULL.  Numbers work where there is no
 * /etc/passwd.  Without --group it is the user's own group; that of a number nobody has is the same
 * number. */
int user_find(const char *user, const char *group, struct user *out, struct err *err) NODISCARD;

/* Whether this process may become it, ERR_DENIED when not. */
int user_check(const struct user *u, struct err *err) NODISCARD;

/* For good: no groups but the one, real, effective and saved ids alike. */
int user_become(const struct user *u, struct err *err) NODISCARD;

#endif
