/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_LISTING_H
#define IMAGES_LISTING_H

/* Entries of an image as text and as JSON. */

#include <stdbool.h>

#include "base/attr.h"
#include "images/tar_read.h"

struct buf;
struct err;
struct json_t;
struct rootfs_node;

/* A line as `ls -l` has it: type and mode, owner as numbers, size, time (UTC), path, target.
 * Control characters and backslashes of names become \ooo. */
void listing_text(const struct rootfs_node *n, struct buf *out);

/* {"path", "type", "mode", "uid", "gid", "size", "mtime", "target", "layer"}, a new reference.
 * mode is octal in a string, mtime in seconds; layers count from 1. */
struct json_t *listing_json(const struct rootfs_node *n);

/* "file", "folder", "symlink", "char", "block", "fifo" */
const char *listing_type(enum tar_read_type type);

/* A name for a terminal, as above. */
void listing_name(const char *name, struct buf *out);

/* Writes what is in out to standard output and empties it when there is much of it, or when all. */
int listing_flush(struct buf *out, bool all, struct err *err) NODISCARD;

enum { LISTING_MAX = 4 * 1024 * 1024 /* of a buffer that is flushed */ };

#endif
