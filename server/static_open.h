/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_STATIC_OPEN_H
#define SERVER_STATIC_OPEN_H

/*
 * Opening a file of a served folder so that no name, no link and no race leads out of it.  The
 * kernel's openat2() holds that; where it is missing or forbidden, names are walked one by one and
 * links are refused altogether.
 */

#include <stdbool.h>

#include "base/attr.h"
#include "base/str.h"

/* Names that are never served: empty ones, "." and "..", and hidden files (".git", ".env"), but for
 * ".well-known". */
bool static_open_allowed(struct str path) NODISCARD;

/* A descriptor for reading, or -1 with errno.  path is relative, NUL-terminated and allowed. */
int static_open(int folder, const char *path);

/* The two ways of static_open(). */
int static_open_beneath(int folder, const char *path);
int static_open_walk(int folder, const char *path);

#endif
