/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_TREE_SCAN_H
#define IMAGES_TREE_SCAN_H

/*
 * From the disk into a tree, and a file's content later on.
 *
 * What is taken: regular files, folders, symbolic links (their text as it is).  A named file may be
 * a symbolic link and is followed; within a folder none is.  Devices, sockets and pipes are refused
 * with their path.  Not taken: owners (the one given counts), times, extended attributes, ACLs.
 *
 * Modes do not depend on the umask the source was made under: a file that its owner may execute
 * becomes 0755, any other 0644, a folder 0755; setuid, setgid and sticky bits are dropped.  A mode
 * written on the command line is taken as it is.
 */

#include "base/attr.h"
#include "images/sink.h"

enum { TREE_SCAN_ROOM = 256 * 1024 };

struct err;
struct source;
struct source_owner;
struct tree;
struct tree_entry;

int tree_scan_file(struct tree *t, const struct source *s, const struct source_owner *owner,
                   struct err *err) NODISCARD;
int tree_scan_folder(struct tree *t, const struct source *s, const struct source_owner *owner,
                     struct err *err) NODISCARD;

/* Sends a file's content to sink, exactly entry->size bytes; an error when the file is no longer
 * the one that was scanned or changes meanwhile.  room is TREE_SCAN_ROOM bytes to read into. */
int tree_scan_content(const struct tree_entry *entry, void *room, const struct sink *sink,
                      struct err *err) NODISCARD;

#endif
