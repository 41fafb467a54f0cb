/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

/* Paths as text, without looking at a disk. */

#include "base/str.h"

/* "." and "..", doubled slashes and those at both ends taken out, as for folders without links.
 * Above the root there is only the root: "/a/../../b/" is "b", "/.." is "".  The caller frees it.
 */
char *path_clean(struct str path);

/* The folder of a path without a slash at its end: "a/b" of "a/b/c", "" of "/c" and of "c". */
struct str path_folder(const char *path);

#endif
