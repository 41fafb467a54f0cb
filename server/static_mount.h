/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_STATIC_MOUNT_H
#define SERVER_STATIC_MOUNT_H

/* What a --static names, opened by the master: a folder, or an archive made of one. */

#include "base/attr.h"

struct err;
struct pack;
struct settings_mount;

/* One of the two is set, the other is -1 or NULL.  A fallback that is not there is an error. */
int static_mount_open(const struct settings_mount *m, int *folder, struct pack **pack,
                      struct err *err) NODISCARD;

#endif
