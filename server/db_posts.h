/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_DB_POSTS_H
#define SERVER_DB_POSTS_H

/* The table of posts: making it, and reading pages of it. */

#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct db_posts;
struct err;

struct db_post {
    int64_t id;
    struct str title, body, author, created;
};

/* Makes a database with the posts of posts_seed.c.  It appears under its name only when it is
 * whole.  One that is there already is kept as it is: fine when it has our table, else ERR_EXISTS.
 * *made tells which; *rows how many posts it has. */
int db_posts_create(const char *path, bool *made, int64_t *rows, struct err *err) NODISCARD;

/* Read-only.  NULL on failure, also when the file has no such table. */
struct db_posts *db_posts_open(const char *path, struct err *err) NODISCARD;
void db_posts_close(struct db_posts *p); /* NULL is fine */
void db_posts_closep(struct db_posts **p);
#define cleanup_db_posts __attribute__((cleanup(db_posts_closep)))

/* Calls each() for the posts of a page, oldest first; the views are good during the call. */
int db_posts_each(struct db_posts *p, int64_t limit, int64_t offset,
                  void (*each)(void *ctx, const struct db_post *post), void *ctx,
                  struct err *err) NODISCARD;

#endif
