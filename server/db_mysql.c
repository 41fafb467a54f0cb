/* SPDX-License-Identifier: Apache-2.0 */
#include "server/db_mysql.h"

#include <ctype.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>

#include <mariadb/mysql.h>

#include "base/err.h"
#include "base/mem.h"
#include "server/db.h"
#include "server/db_mysql_cell.h"
#include "server/db_mysql_conn.h"
#include "server/db_mysql_err.h"

enum {
    DRAIN_ROWS = 100,     /* read in vain after the last one wanted; then reconnecting is cheaper */
    ROW_KEEP = 64 * 1024, /* of the memory for long cells between runs */
};

struct db_stmt {
    struct db *db;
    char *sql;
    size_t n_params;
    bool is_read; /* may be run again when its connection was lost */

    MYSQL_STMT *handle; /* of the connection numbered so */
    unsigned generation;
    MYSQL_BIND *params;

    size_t n;
    struct db_column *columns; /* owns the names */
    struct db_mysql_column *plan;
    struct db_mysql_cell *cells;
    MYSQL_BIND *binds;
    struct db_value *values;

    char *row; /* the long cells of one row */
    size_t row_cap;
};

static void
initialise(void)
{
    if (mysql_library_init(0, NULL, NULL) != 0)
        mem_fail(0);
}

/* There is no call for each thread: mysql_thread_init() of MariaDB's connector does nothing. */
static struct db *
open_db(const struct db_target *t, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct db *db;

    pthread_once(&once, initialise);
    db = db_mysql_conn_new(t);
    if (db_mysql_conn_open(db, err) < 0) {
        db_mysql_conn_free(db);
        return NULL;
    }
    return db;
}

static void
free_columns(struct db_stmt *s)
{
    for (size_t i = 0; i < s->n; i++)
        free((void *)s->columns[i].name.p);
    free(s->columns);
    free(s->plan);
    free(s->cells);
    free(s->binds);
    free(s->values);
    s->n = 0;
}

static void
finalize(struct db_stmt *s)
{
    if (s == NULL)
        return;
    if (s->handle != NULL)
        mysql_stmt_close(s->handle);
    free_columns(s);
    free(s->params);
    free(s->row);
    free(s->sql);
    free(s);
}

/* Past blanks, comments and opening brackets. */
static const char *
first_word(const char *sql)
{
    for (;;) {
        const char *end = NULL;

        sql += strspn(sql, " \t\r\n(");
        if (sql[0] == '#' || strncmp(sql, "--", 2) == 0)
            end = strchr(sql, '\n');
        else if (strncmp(sql, "/*", 2) == 0 && (end = strstr(sql + 2, "*/")) != NULL)
            end++;
        else
            return sql;
        if (end == NULL)
            return "";
        sql = end + 1;
    }
}

/* To be asked when the columns are known: `WITH ... UPDATE` and `SELECT ... INTO` have none. */
static bool
only_reads(const char *sql, size_t n_columns)
{
    static const char *const words[] = {"select", "with", "show", "values", "table", "describe"};
    const char *word = first_word(sql);
    size_t n = 0;

    while (isalpha((unsigned char)word[n]))
        n++;
    for (size_t i = 0; i < ARRAY_LEN(words) && n_columns > 0; i++) {
        if (strlen(words[i]) == n && strncasecmp(word, words[i], n) == 0)
            return true;
    }
    return false;
}

static bool
same_names(const struct db_stmt *s, const MYSQL_FIELD *fields, size_t n)
{
    if (n != s->n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(s->columns[i].name, fields[i].name))
            return false;
    }
    return true;
}

static bool
is_json(const MYSQL_FIELD *field)
{
    MARIADB_CONST_STRING format = {NULL, 0};

    return mariadb_field_attr(&format, field, MARIADB_FIELD_ATTR_FORMAT_NAME) == 0 &&
           str_eq((struct str){format.str, format.length}, "json");
}

/* At each run: a column's type may follow from a parameter, and `*` may mean other columns by now.
 * Names stay where they are as long as they are the same. */
static void
describe(struct db_stmt *s)
{
    const MYSQL_FIELD *fields = mariadb_stmt_fetch_fields(s->handle);
    size_t n = mysql_stmt_field_count(s->handle);

    if (!same_names(s, fields, n)) {
        free_columns(s);
        s->n = n;
        s->columns = mem_alloc((n + 1) * sizeof(*s->columns));
        s->plan = mem_alloc((n + 1) * sizeof(*s->plan));
        s->cells = mem_alloc((n + 1) * sizeof(*s->cells));
        s->binds = mem_alloc((n + 1) * sizeof(*s->binds));
        s->values = mem_alloc((n + 1) * sizeof(*s->values));
        for (size_t i = 0; i < n; i++)
            s->columns[i].name = str_from(mem_strdup(fields[i].name));
    }
    for (size_t i = 0; i < n; i++) {
        s->plan[i] = db_mysql_cell_column(&fields[i], is_json(&fields[i]));
        s->columns[i].type = s->plan[i].type;
        db_mysql_cell_bind(&s->plan[i], &s->cells[i], &s->binds[i]);
    }
}

/* Sets err to what the statement says, or the connection, where errors among the rows are found;
 * drops the connection when it is of no use any more. */
static int
failed(struct db_stmt *s, struct err *err)
{
    unsigned number = mysql_stmt_errno(s->handle);
    const char *text = mysql_stmt_error(s->handle);

    if (number == 0) {
        number = mysql_errno(s->db->mysql);
        text = mysql_error(s->db->mysql);
    }
    err_set(err, db_mysql_err_code(number), "%s (%u)", text, number);
    if (db_mysql_err_is_lost(number) && !db_mysql_conn_is_late(s->db, err))
        db_mysql_conn_drop(s->db);
    return -1;
}

/* On the connection at hand, unless that has been done. */
static int
prepare_handle(struct db_stmt *s, struct err *err)
{
    if (s->handle != NULL && s->generation == s->db->generation)
        return 0;
    if (s->handle != NULL)
        mysql_stmt_close(s->handle);
    s->handle = mysql_stmt_init(s->db->mysql);
    if (s->handle == NULL)
        mem_fail(sizeof(MYSQL_STMT));
    s->generation = s->db->generation;
    if (mysql_stmt_prepare(s->handle, s->sql, strlen(s->sql)) != 0) {
        /* It is nothing to run. */
        s->generation = 0;
        return failed(s, err);
    }
    return 0;
}

static int
prepare_new(struct db_stmt *s, struct err *err)
{
    if (db_mysql_conn_open(s->db, err) < 0)
        return -1;
    if (prepare_handle(s, err) < 0) {
        /* Only the statement itself can be the reason. */
        if (err->code == ERR_IO)
            err->code = ERR_INVALID;
        return -1;
    }
    if (mysql_stmt_param_count(s->handle) != s->n_params)
        return err_set(err, ERR_INVALID, "there are %lu placeholders instead of %zu",
                       mysql_stmt_param_count(s->handle), s->n_params);
    describe(s);
    s->is_read = only_reads(s->sql, s->n);
    return 0;
}

static struct db_stmt *
prepare(struct db *db, const char *sql, size_t n_params, struct err *err)
{
    struct db_stmt *s = mem_alloc(sizeof(*s));
    int result;

    s->db = db;
    s->sql = mem_strdup(sql);
    s->n_params = n_params;
    s->params = mem_alloc((n_params + 1) * sizeof(*s->params));
    db_mysql_conn_begin(db);
    if (db_mysql_conn_is_stale(db))
        db_mysql_conn_drop(db);
    result = prepare_new(s, err);
    db_mysql_conn_end(db);
    if (result == 0)
        return s;
    finalize(s);
    return NULL;
}

static size_t
columns(const struct db_stmt *s, const struct db_column **out)
{
    *out = s->columns;
    return s->n;
}

/* Fetches the long cells of the present row; their lengths are known by now. */
static int
read_long_cells(struct db_stmt *s, struct err *err)
{
    size_t total = 0, at = 0;

    for (size_t i = 0; i < s->n; i++)
        total += s->plan[i].fetch == DB_MYSQL_BYTES && !s->cells[i].is_null ? s->cells[i].n : 0;
    if (total > s->row_cap) {
        s->row = mem_realloc(s->row, 1, total);
        s->row_cap = total;
    }
    for (size_t i = 0; i < s->n; i++) {
        MYSQL_BIND bind = {.buffer_type = MYSQL_TYPE_BLOB};

        if (s->plan[i].fetch != DB_MYSQL_BYTES || s->cells[i].is_null || s->cells[i].n == 0)
            continue;
        bind.buffer = s->row + at;
        bind.buffer_length = s->cells[i].n;
        if (mysql_stmt_fetch_column(s->handle, &bind, (unsigned)i, 0) != 0)
            return failed(s, err);
        at += s->cells[i].n;
    }
    return 0;
}

static int
give_row(struct db_stmt *s, const struct db_sink *sink, bool *more, struct err *err)
{
    size_t at = 0;

    if (read_long_cells(s, err) < 0)
        return -1;
    for (size_t i = 0; i < s->n; i++) {
        s->values[i] =
            db_mysql_cell_value(&s->plan[i], &s->cells[i], s->row != NULL ? s->row + at : "");
        if (s->plan[i].fetch == DB_MYSQL_BYTES && !s->cells[i].is_null)
            at += s->cells[i].n;
    }
    *more = sink->row(sink->ctx, s->values, s->n);
    return 0;
}

/* The connection cannot be used before the rest has been read. */
static void
drain(struct db_stmt *s)
{
    for (int i = 0; i < DRAIN_ROWS; i++) {
        int result = mysql_stmt_fetch(s->handle);

        if (result != 0 && result != MYSQL_DATA_TRUNCATED) {
            if (result != MYSQL_NO_DATA)
                break;
            return;
        }
    }
    db_mysql_conn_drop(s->db);
}

static int
give_rows(struct db_stmt *s, const struct db_sink *sink, bool *given, struct err *err)
{
    bool more = true;
    int result;

    /* Cells are long only by what read_long_cells() takes, so truncation is no news. */
    while ((result = mysql_stmt_fetch(s->handle)) == 0 || result == MYSQL_DATA_TRUNCATED) {
        *given = true;
        if (give_row(s, sink, &more, err) < 0)
            return -1;
        if (!more) {
            drain(s);
            return 0;
        }
    }
    return result == MYSQL_NO_DATA ? 0 : failed(s, err);
}

/* A procedure answers with further results. */
static int
skip_results(struct db_stmt *s, struct err *err)
{
    int result = 0;

    while (result == 0 && mysql_stmt_more_results(s->handle))
        result = mysql_stmt_next_result(s->handle);
    if (result > 0 || mysql_stmt_free_result(s->handle) != 0)
        return failed(s, err);
    return 0;
}

static int
execute(struct db_stmt *s, const struct db_value *params, struct err *err)
{
    for (size_t i = 0; i < s->n_params; i++)
        db_mysql_cell_param(&params[i], &s->params[i]);
    if (s->n_params > 0 && mysql_stmt_bind_param(s->handle, s->params) != 0)
        return failed(s, err);
    if (mysql_stmt_execute(s->handle) != 0)
        return failed(s, err);
    describe(s);
    if (s->n > 0 && mysql_stmt_bind_result(s->handle, s->binds) != 0)
        return failed(s, err);
    return 0;
}

/* *given: the sink has seen a row. */
static int
run_once(struct db_stmt *s, const struct db_value *params, const struct db_sink *sink,
         int64_t *changed, bool *given, struct err *err)
{
    my_ulonglong affected;

    if (db_mysql_conn_open(s->db, err) < 0 || prepare_handle(s, err) < 0 ||
        execute(s, params, err) < 0)
        return -1;
    affected = s->n == 0 ? mysql_stmt_affected_rows(s->handle) : 0;
    if (s->n > 0 && give_rows(s, sink, given, err) < 0)
        return -1;
    if (s->db->mysql != NULL && skip_results(s, err) < 0)
        return -1;
    *changed = affected != (my_ulonglong)-1 ? (int64_t)affected : 0;
    return 0;
}

static int
run(struct db_stmt *s, const struct db_value *params, const struct db_sink *sink, int64_t *changed,
    struct err *err)
{
    struct db *db = s->db;
    struct err why = ERR_INIT;
    bool connected, given = false;
    int result;

    db_mysql_conn_begin(db);
    /* What writes is never run twice, so it must not meet a connection that is gone already. */
    if (!s->is_read && db_mysql_conn_is_stale(db))
        db_mysql_conn_drop(db);
    connected = db->mysql != NULL;
    result = run_once(s, params, sink, changed, &given, &why);
    if (result < 0 && why.code == ERR_NET && connected && s->is_read && !given)
        result = run_once(s, params, sink, changed, &given, &why);
    db_mysql_conn_end(db);
    if (s->row_cap > ROW_KEEP) {
        free(s->row);
        s->row = NULL;
        s->row_cap = 0;
    }
    if (result < 0)
        *err = why;
    return result;
}

const char *
db_mysql_cipher(const struct db *db)
{
    return db->mysql != NULL ? mysql_get_ssl_cipher(db->mysql) : NULL;
}

const struct db_driver db_mysql = {
    .name = "mysql",
    .open = open_db,
    .close = db_mysql_conn_free,
    .prepare = prepare,
    .columns = columns,
    .finalize = finalize,
    .run = run,
    .interrupt = db_mysql_conn_interrupt,
};
