/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_TAR_PAX_H
#define IMAGES_TAR_PAX_H

/* What an extended header says of the next entry: pax records, or GNU's long names. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "images/tar_read.h"

struct err;

struct tar_pax {
    char *path, *target; /* NULL when not said */
    uint64_t size, uid, gid;
    int64_t mtime;
    uint32_t mtime_ns;
    bool has_size, has_uid, has_gid, has_mtime;
    bool any; /* there was a pax header */
    struct tar_xattr *xattrs;
    size_t n_xattrs;
};

void tar_pax_done(struct tar_pax *p);

/* Records "LENGTH KEY=VALUE\n", all of them well-formed, no key twice. */
int tar_pax_parse(struct tar_pax *p, struct str text, struct err *err) NODISCARD;

/* Checks a global header, from which nothing is taken: only one that says nothing about entries is
 * let through. */
int tar_pax_check_global(struct str text, struct err *err) NODISCARD;

/* Content of GNU's 'L' and 'K' entries into *out. */
int tar_pax_long_name(struct str text, char **out, struct err *err) NODISCARD;

#endif
