/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_STAGING_H
#define IMAGES_STAGING_H

/*
 * Files in the making.  They lie in the folder that their final name will be in (or in its layout's
 * root), are called ".imagegen-PID-N", and are locked by their maker.  A run that was killed leaves
 * them behind unlocked; the next one that stages something in the same folder removes those.
 *
 * The folder itself is locked while names in it change, so that two runs do not take each other's
 * new file for an orphan and do not lose each other's entries in an index.
 */

#include <stdbool.h>

#include "base/attr.h"

struct err;

struct staged {
    int fd; /* open for reading and writing, or -1 */
    char *name;
    bool nameless; /* removed already: it vanishes with its descriptor */
};

#define STAGED_INIT     \
    {                   \
        -1, NULL, false \
    }
#define cleanup_staged __attribute__((cleanup(staging_discard)))

/* Removes orphans in folder and makes a file there. */
int staging_create(const char *folder, struct staged *out, struct err *err) NODISCARD;

/* The same under a lock that the caller holds already (staging_lock() of folder); orphans stay. */
int staging_create_in(int lock, const char *folder, struct staged *out, struct err *err) NODISCARD;

/* For a file that will never get a name.  Other users cannot see it, nor can they keep us waiting
 * by a lock on a folder that all share, such as /tmp: none is taken where the file system offers
 * files without a name.  s->name is the folder's then. */
int staging_create_nameless(const char *folder, struct staged *out, struct err *err) NODISCARD;

/* Flushes to disk and renames to path, which is replaced.  0 leaves nothing to discard but the open
 * descriptor. */
int staging_publish(struct staged *s, const char *path, struct err *err) NODISCARD;

/* Closes, and removes what was not published. */
void staging_discard(struct staged *s);

/* Moves it out of a cleanup variable. */
struct staged staging_take(struct staged *s);

/* Waits for the folder's lock and returns its descriptor; closing that gives it back. -1 with err.
 */
int staging_lock(const char *folder, struct err *err) NODISCARD;

/* True for the names that staged files have. */
bool staging_is_name(const char *name);

#endif
