/* SPDX-License-Identifier: Apache-2.0 */
#include "server/db.h"

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
db_path(const char *database, const char **path, struct err *err)
{
    static const char scheme[] = "sqlite:";
    struct str text = str_from(database);
    ptrdiff_t slashes = str_find(text, ':');

    if (str_starts(text, scheme)) {
        *path = database + sizeof(scheme) - 1;
        /* As in the URLs of SQLAlchemy and Django: sqlite:///path. */
        if (str_starts(str_from(*path), "///"))
            *path += 2;
    } else if (slashes >= 0 && strncmp(database + slashes, "://", 3) == 0) {
        return err_set(err, ERR_UNSUPPORTED, "database '%s': only SQLite is built in: sqlite:PATH",
                       database);
    } else {
        *path = database;
    }
    if ((*path)[0] == '\0')
        return err_set(err, ERR_USAGE, "database '%s': no path: write sqlite:PATH", database);
    return 0;
}

int
db_err(struct sqlite3 *db, const char *what, struct err *err)
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
append_uri(struct buf *uri, const char *path, bool read_only)
{
    buf_append_str(uri, "file:");
    for (; *path != '\0'; path++) {
        if (strchr("?#%", *path) != NULL)
            buf_appendf(uri, "%%%02x", (unsigned char)*path);
        else
            buf_append_char(uri, *path);
    }
    buf_append_str(uri, read_only ? "?mode=ro" : "?mode=rwc");
}

/* SQLite has one sentence for all reasons; the system knows which it was. */
static void
open_err(struct sqlite3 *db, const char *path, struct err *err)
{
    int code = db != NULL ? sqlite3_system_errno(db) : 0;

    if (code != 0)
        err_set(err, ERR_IO, "%s: %s: %s", path, sqlite3_errmsg(db), strerror(code));
    else
        db_err(db, path, err);
}

struct sqlite3 *
db_open(const char *path, bool read_only, struct err *err)
{
    int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
                (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    cleanup_buf struct buf uri = BUF_INIT(URI_MAX);
    struct sqlite3 *db = NULL;

    append_uri(&uri, path, read_only);
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
db_close(struct sqlite3 *db)
{
    sqlite3_close(db);
}

void
db_closep(struct sqlite3 **db)
{
    db_close(*db);
}

int
db_exec(struct sqlite3 *db, const char *sql, struct err *err)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return db_err(db, sql, err);
    return 0;
}

struct sqlite3_stmt *
db_prepare(struct sqlite3 *db, const char *sql, struct err *err)
{
    struct sqlite3_stmt *s = NULL;

    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK) {
        db_err(db, sql, err);
        return NULL;
    }
    return s;
}

void
db_finalize(struct sqlite3_stmt *s)
{
    sqlite3_finalize(s);
}

const char *
db_version(void)
{
    return "SQLite " SQLITE_VERSION;
}
