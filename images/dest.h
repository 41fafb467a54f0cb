/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_DEST_H
#define IMAGES_DEST_H

/*
 * Paths inside an image.  From outside they are absolute ("/etc/passwd"); inside the program and in
 * the layer's tar they have no slash at either end ("etc/passwd"), and the root is "".
 */

#include "base/attr.h"
#include "base/str.h"

struct err;

enum { DEST_PATH_MAX = 4095, DEST_NAME_MAX = 255 };

/* Checks an absolute path from the user and returns its inner form in *out, for the caller to free.
 * ".", "..", empty parts and a slash at the end are refused; for a folder one slash at the end, and
 * "/" itself, are fine. */
int dest_parse(struct str text, bool folder, char **out, struct err *err) NODISCARD;

/* Checks a relative inner path that was put together from a folder on disk: names that a layer
 * cannot carry (".wh." is a whiteout; not UTF-8) and lengths. */
int dest_check(const char *path, struct err *err) NODISCARD;

#endif
