/* SPDX-License-Identifier: Apache-2.0 */
#include "server/db_posts.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "server/db_sqlite_file.h"
#include "server/posts_seed.h"

static const char schema[] = "PRAGMA journal_mode = OFF;"
                             "PRAGMA user_version = 1;"
                             "CREATE TABLE posts ("
                             " id INTEGER PRIMARY KEY,"
                             " title TEXT NOT NULL,"
                             " body TEXT NOT NULL,"
                             " author TEXT NOT NULL,"
                             " created TEXT NOT NULL);";

/* What the route asks for (options_sql.c). */
static const char page_sql[] = "SELECT id, title, body, author, created FROM posts";

static const char insert_sql[] =
    "INSERT INTO posts (title, body, author, created) VALUES (?1, ?2, ?3, ?4)";

static int
insert_seed(struct sqlite3 *db, struct err *err)
{
    struct sqlite3_stmt *s = db_sqlite_file_prepare(db, insert_sql, err);
    int result = s == NULL ? -1 : 0;

    for (size_t i = 0; result == 0 && i < posts_seed_n; i++) {
        const struct posts_seed *p = &posts_seed[i];

        sqlite3_bind_text(s, 1, p->title, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 2, p->body, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 3, p->author, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 4, p->created, -1, SQLITE_STATIC);
        if (sqlite3_step(s) != SQLITE_DONE)
            result = db_sqlite_file_err(db, "insert a post", err);
        sqlite3_reset(s);
    }
    db_sqlite_file_finalize(s);
    return result;
}

/* -1 when there is no such table. */
static int64_t
count_rows(const char *path, struct err *err)
{
    cleanup_db_sqlite_file struct sqlite3 *db = db_sqlite_file_open(path, "ro", err);
    struct sqlite3_stmt *s, *page;
    int64_t rows = -1;

    if (db == NULL)
        return -1;
    page = db_sqlite_file_prepare(db, page_sql, err);
    if (page == NULL)
        return -1;
    db_sqlite_file_finalize(page);
    s = db_sqlite_file_prepare(db, "SELECT count(*) FROM posts", err);
    if (s == NULL)
        return -1;
    if (sqlite3_step(s) == SQLITE_ROW)
        rows = sqlite3_column_int64(s, 0);
    else
        db_sqlite_file_err(db, path, err);
    db_sqlite_file_finalize(s);
    return rows;
}

static int
fill_new(const char *path, struct err *err)
{
    cleanup_db_sqlite_file struct sqlite3 *db = db_sqlite_file_open(path, "rwc", err);

    if (db == NULL || db_sqlite_file_exec(db, schema, err) < 0 ||
        db_sqlite_file_exec(db, "BEGIN", err) < 0 || insert_seed(db, err) < 0)
        return -1;
    return db_sqlite_file_exec(db, "COMMIT", err);
}

static int
keep_existing(const char *path, int64_t *rows, struct err *err)
{
    struct err why = ERR_INIT;

    *rows = count_rows(path, &why);
    if (*rows < 0)
        return err_set(err, ERR_EXISTS,
                       "%s: is there already and is no database of posts (%s): choose another path "
                       "or move it away",
                       path, why.msg);
    return 0;
}

int
db_posts_create(const char *path, bool *made, int64_t *rows, struct err *err)
{
    cleanup_free char *temporary = NULL;
    int result;

    *made = false;
    if (fs_exists(path))
        return keep_existing(path, rows, err);
    temporary = mem_printf("%s.%ld.new", path, (long)getpid());
    unlink(temporary);
    result = fill_new(temporary, err);
    if (result < 0) {
        unlink(temporary);
        return err_wrap(err, "%s", path);
    }
    /* Unlike rename(), link() does not replace what has come meanwhile. */
    if (link(temporary, path) < 0)
        result = errno == EEXIST ? keep_existing(path, rows, err) : err_sys(err, "%s", path);
    else
        *made = true;
    unlink(temporary);
    if (*made)
        *rows = (int64_t)posts_seed_n;
    return result;
}
