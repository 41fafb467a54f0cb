/* SPDX-License-Identifier: Apache-2.0 */
#include "server/db_sqlite_file.h"

#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { URI_MAX = 16 * 1024, BUSY_MS = 1000 };

int
db_sqlite_file_err(struct sqlite3 *db, const char *what, struct err *err)
{
    return err_set(err, ERR_IO, "%s: %s", what, db != NULL ? sqlite3_errmsg(db) : "out of memory");
}

/* In a container's own root that is mounted read-only, nobody writes, and SQLite needs neither
 * locks nor a look for a journal at each query.  A volume that is read-only for us alone is another
 * thing: who may write it would do so unnoticed. */
static bool
is_immutable(const char *path)
{
    struct statfs fs;
    struct stat file, root;

    return statfs(path, &fs) == 0 && fs.f_type == OVERLAYFS_SUPER_MAGIC &&
           ((unsigned long)fs.f_flags & ST_RDONLY) != 0 && stat(path, &file) == 0 &&
           stat("/", &root) == 0 && file.st_dev == root.st_dev;
}

static void
append_uri(struct buf *uri, const char *path, const char *mode)
{
    buf_append_str(uri, "file:");
    for (; *path != '\0'; path++) {
        if (strchr("?#%", *path) != NULL)
            buf_appendf(uri, "%%%02x", (unsigned char)*path);
        else
            buf_append_char(uri, *path);
    }
    buf_appendf(uri, "?mode=%s", mode);
}

/* SQLite has one sentence for all reasons; the system knows which it was. */
static void
open_err(struct sqlite3 *db, const char *path, struct err *err)
{
    int code = db != NULL ? sqlite3_system_errno(db) : 0;

    if (code != 0)
        err_set(err, ERR_IO, "%s: %s: %s", path, sqlite3_errmsg(db), strerror(code));
    else
        db_sqlite_file_err(db, path, err);
}

struct sqlite3 *
db_sqlite_file_open(const char *path, const char *mode, struct err *err)
{
    bool read_only = strcmp(mode, "ro") == 0;
    int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
                (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    cleanup_buf struct buf uri = BUF_INIT(URI_MAX);
    struct sqlite3 *db = NULL;

    if (strcmp(mode, "rwc") == 0)
        flags |= SQLITE_OPEN_CREATE;
    append_uri(&uri, path, mode);
    if (read_only && is_immutable(path))
        buf_append_str(&uri, "&immutable=1");
    if (buf_finish(&uri, err) < 0)
        return NULL;
    if (sqlite3_open_v2(buf_cstr(&uri), &db, flags, NULL) != SQLITE_OK) {
        open_err(db, path, err);
        sqlite3_close(db);
        return NULL;
    }
    sqlite3_busy_timeout(db, BUSY_MS);
    return db;
}

void
db_sqlite_file_close(struct sqlite3 *db)
{
    sqlite3_close(db);
}

void
db_sqlite_file_closep(struct sqlite3 **db)
{
    db_sqlite_file_close(*db);
}

int
db_sqlite_file_exec(struct sqlite3 *db, const char *sql, struct err *err)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return db_sqlite_file_err(db, sql, err);
    return 0;
}

struct sqlite3_stmt *
db_sqlite_file_prepare(struct sqlite3 *db, const char *sql, struct err *err)
{
    struct sqlite3_stmt *s = NULL;

    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK) {
        db_sqlite_file_err(db, sql, err);
        return NULL;
    }
    return s;
}

void
db_sqlite_file_finalize(struct sqlite3_stmt *s)
{
    sqlite3_finalize(s);
}

const char *
db_sqlite_file_version(void)
{
    return "SQLite " SQLITE_VERSION;
}
