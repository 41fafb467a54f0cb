/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_SOURCE_H
#define IMAGES_SOURCE_H

/*
 * SRC:DEST[:MODE] and UID[:GID] of the command line.  DEST begins at the last ":/", so that SRC may
 * hold colons; a DEST given here may not.
 */

#include <stdint.h>

#include "base/attr.h"

struct err;

enum { SOURCE_MODE_NONE = -1 };

struct source {
    char *path; /* on disk, as it was written */
    char *dest; /* inner path in the image, images/dest.h */
    int mode;   /* 0..07777 or SOURCE_MODE_NONE */
};

#define SOURCE_INIT                  \
    {                                \
        NULL, NULL, SOURCE_MODE_NONE \
    }
#define cleanup_source __attribute__((cleanup(source_done)))

/* SRC:DEST[:MODE]; MODE is three or four octal digits. */
int source_parse_file(const char *text, struct source *out, struct err *err) NODISCARD;
/* SRC:DEST */
int source_parse_folder(const char *text, struct source *out, struct err *err) NODISCARD;
void source_done(struct source *s);

struct source_owner {
    uint32_t uid, gid;
};

/* UID:GID, or UID for both. */
int source_parse_owner(const char *text, struct source_owner *out, struct err *err) NODISCARD;

#endif
