/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_DB_POSTS_H
#define SERVER_DB_POSTS_H

/* The table of sample posts. */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct err;

/* Makes a database with the posts of posts_seed.c.  It appears under its name only when it is
 * whole.  One that is there already is kept as it is: fine when it has our table, else ERR_EXISTS.
 * *made tells which; *rows how many posts it has. */
int db_posts_create(const char *path, bool *made, int64_t *rows, struct err *err) NODISCARD;

#endif
