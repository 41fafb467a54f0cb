/* SPDX-License-Identifier: Apache-2.0 */

/* The driver for SQLite. */

#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#include <sqlite3.h>

#include "base/err.h"
#include "base/mem.h"
#include "server/db.h"
#include "server/db_sqlite_file.h"
#include "server/db_sqlite_test.h"

enum {
    BUSY_WRITER_MS = 5000,  /* writers wait for each other; readers do not with a WAL */
    TEXT_MAX = 64 * 1048576 /* of a value and of a statement */
};

struct db {
    struct sqlite3 *sqlite;
    bool read_only;
    atomic_bool interrupted; /* since the present run began */
};

struct db_stmt {
    struct db *db;
    struct sqlite3_stmt *sqlite;
    size_t n;
    struct db_column *columns; /* their names are SQLite's until it prepares again */
    struct db_value *cells;
    int prepared; /* how often */
};

static void
close_db(struct db *db)
{
    if (db == NULL)
        return;
    db_sqlite_file_close(db->sqlite);
    free(db);
}

static int
set_up(struct db *db, const struct db_target *t, struct err *err)
{
    char cache[64];

    sqlite3_snprintf(sizeof(cache), cache, "PRAGMA cache_size = -%d", DB_CACHE_BYTES / 1024);
    sqlite3_limit(db->sqlite, SQLITE_LIMIT_LENGTH, TEXT_MAX);
    sqlite3_limit(db->sqlite, SQLITE_LIMIT_ATTACHED, 0);
    /* What is no database is told by the first statement. */
    sqlite3_exec(db->sqlite, cache, NULL, NULL, NULL);
    if (t->test_functions && db_sqlite_test_add(db->sqlite, &db->interrupted, err) < 0)
        return -1;
    if (t->read_only)
        return 0;
    sqlite3_busy_timeout(db->sqlite, BUSY_WRITER_MS);
    if (sqlite3_exec(db->sqlite,
                     "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                     "PRAGMA foreign_keys = ON",
                     NULL, NULL, NULL) != SQLITE_OK)
        return db_sqlite_file_err(db->sqlite, t->path, err);
    return 0;
}

static struct db *
open_db(const struct db_target *t, struct err *err)
{
    struct db *db = mem_alloc(sizeof(*db));

    db->read_only = t->read_only;
    db->sqlite = db_sqlite_file_open(t->path, t->read_only ? "ro" : "rw", err);
    if (db->sqlite != NULL && set_up(db, t, err) == 0)
        return db;
    if (db->sqlite != NULL)
        err_wrap(err, "%s", t->path);
    close_db(db);
    return NULL;
}

static void
finalize(struct db_stmt *s)
{
    if (s == NULL)
        return;
    db_sqlite_file_finalize(s->sqlite);
    free(s->columns);
    free(s->cells);
    free(s);
}

/* A column without a declared type, such as count(*), may hold anything. */
static enum db_type
declared(const char *type)
{
    if (type != NULL && (strcasecmp(type, "BOOLEAN") == 0 || strcasecmp(type, "BOOL") == 0))
        return DB_BOOL;
    return DB_NULL;
}

/* Also when SQLite has prepared again by itself, because the schema has changed: `*` may mean other
 * columns now. */
static void
describe(struct db_stmt *s)
{
    s->n = (size_t)sqlite3_column_count(s->sqlite);
    s->prepared = sqlite3_stmt_status(s->sqlite, SQLITE_STMTSTATUS_REPREPARE, 0);
    s->columns = mem_realloc(s->columns, s->n + 1, sizeof(*s->columns));
    s->cells = mem_realloc(s->cells, s->n + 1, sizeof(*s->cells));
    for (size_t i = 0; i < s->n; i++) {
        s->columns[i].name = str_from(sqlite3_column_name(s->sqlite, (int)i));
        s->columns[i].type = declared(sqlite3_column_decltype(s->sqlite, (int)i));
    }
}

static int
check(const struct db_stmt *s, const char *tail, size_t n_params, struct err *err)
{
    if (s->sqlite == NULL)
        return err_set(err, ERR_INVALID, "there is no statement");
    tail += strspn(tail, " \t\r\n;");
    if (tail[0] != '\0')
        return err_set(err, ERR_INVALID, "more than one statement: there is more from '%.20s' on",
                       tail);
    if ((size_t)sqlite3_bind_parameter_count(s->sqlite) != n_params)
        return err_set(err, ERR_INVALID, "there are %d placeholders instead of %zu",
                       sqlite3_bind_parameter_count(s->sqlite), n_params);
    if (s->db->read_only && !sqlite3_stmt_readonly(s->sqlite))
        return err_set(err, ERR_DENIED,
                       "the statement writes, and the database is opened to be read: "
                       "sqlite:PATH?mode=rw");
    return 0;
}

static struct db_stmt *
prepare(struct db *db, const char *sql, size_t n_params, struct err *err)
{
    struct db_stmt *s = mem_alloc(sizeof(*s));
    const char *tail = "";

    s->db = db;
    if (sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->sqlite, &tail) !=
        SQLITE_OK) {
        err_set(err, ERR_INVALID, "%s", sqlite3_errmsg(db->sqlite));
        finalize(s);
        return NULL;
    }
    if (check(s, tail, n_params, err) < 0) {
        finalize(s);
        return NULL;
    }
    describe(s);
    return s;
}

static size_t
columns(const struct db_stmt *s, const struct db_column **out)
{
    *out = s->columns;
    return s->n;
}

static int
bind(struct db_stmt *s, int at, const struct db_value *v)
{
    switch (v->type) {
    case DB_NULL:
        return sqlite3_bind_null(s->sqlite, at);
    case DB_INT:
    case DB_BOOL:
        return sqlite3_bind_int64(s->sqlite, at, v->i);
    case DB_REAL:
        return sqlite3_bind_double(s->sqlite, at, v->d);
    case DB_BLOB:
        return sqlite3_bind_blob64(s->sqlite, at, v->s.p, v->s.n, SQLITE_STATIC);
    case DB_DECIMAL:
    case DB_TEXT:
    case DB_JSON:
        break;
    }
    return sqlite3_bind_text64(s->sqlite, at, v->s.n > 0 ? v->s.p : "", v->s.n, SQLITE_STATIC,
                               SQLITE_UTF8);
}

static struct str
view(const void *p, int n)
{
    return (struct str){p, p != NULL ? (size_t)n : 0};
}

static void
read_cell(const struct db_stmt *s, int i, struct db_value *v)
{
    struct sqlite3_stmt *q = s->sqlite;
    const void *p;

    switch (sqlite3_column_type(q, i)) {
    case SQLITE_INTEGER:
        v->i = sqlite3_column_int64(q, i);
        v->type = s->columns[i].type == DB_BOOL && (v->i == 0 || v->i == 1) ? DB_BOOL : DB_INT;
        break;
    case SQLITE_FLOAT:
        v->type = DB_REAL;
        v->d = sqlite3_column_double(q, i);
        break;
    case SQLITE_TEXT:
        v->type = DB_TEXT;
        p = sqlite3_column_text(q, i);
        v->s = view(p, sqlite3_column_bytes(q, i));
        break;
    case SQLITE_BLOB:
        v->type = DB_BLOB;
        p = sqlite3_column_blob(q, i);
        v->s = view(p, sqlite3_column_bytes(q, i));
        break;
    default:
        v->type = DB_NULL;
        break;
    }
}

static enum err_code
code_of(int result, int extended)
{
    switch (result) {
    case SQLITE_INTERRUPT:
        return ERR_TIMEOUT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_LIMIT;
    case SQLITE_CONSTRAINT:
        return extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY ||
                       extended == SQLITE_CONSTRAINT_FOREIGNKEY ||
                       extended == SQLITE_CONSTRAINT_ROWID
                   ? ERR_EXISTS
                   : ERR_INVALID;
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
        return ERR_INVALID;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return ERR_DENIED;
    default:
        return ERR_IO;
    }
}

static int
failed(const struct db_stmt *s, struct err *err)
{
    struct sqlite3 *db = s->db->sqlite;
    int extended = sqlite3_extended_errcode(db);

    return err_set(err, code_of(extended & 0xff, extended), "%s", sqlite3_errmsg(db));
}

/* SQLITE_DONE, or SQLITE_ROW when the sink had enough. */
static int
step_all(struct db_stmt *s, const struct db_sink *sink)
{
    int result;

    while ((result = sqlite3_step(s->sqlite)) == SQLITE_ROW) {
        if (s->prepared != sqlite3_stmt_status(s->sqlite, SQLITE_STMTSTATUS_REPREPARE, 0))
            describe(s);
        for (size_t i = 0; i < s->n; i++)
            read_cell(s, (int)i, &s->cells[i]);
        if (!sink->row(sink->ctx, s->cells, s->n))
            break;
    }
    return result;
}

static int
run(struct db_stmt *s, const struct db_value *params, const struct db_sink *sink, int64_t *changed,
    struct err *err)
{
    int n = sqlite3_bind_parameter_count(s->sqlite);
    int result = 0;

    atomic_store(&s->db->interrupted, false);
    for (int i = 0; i < n; i++) {
        if (bind(s, i + 1, &params[i]) != SQLITE_OK)
            return failed(s, err);
    }
    switch (step_all(s, sink)) {
    case SQLITE_DONE:
        *changed = sqlite3_stmt_readonly(s->sqlite) ? 0 : sqlite3_changes(s->db->sqlite);
        break;
    case SQLITE_ROW:
        *changed = 0;
        break;
    default:
        result = failed(s, err);
        break;
    }
    /* At once: an open statement holds a lock. */
    sqlite3_reset(s->sqlite);
    return result;
}

static void
interrupt(struct db *db)
{
    atomic_store(&db->interrupted, true);
    sqlite3_interrupt(db->sqlite);
}

const struct db_driver db_sqlite = {
    .name = "sqlite",
    .open = open_db,
    .close = close_db,
    .prepare = prepare,
    .columns = columns,
    .finalize = finalize,
    .run = run,
    .interrupt = interrupt,
};
