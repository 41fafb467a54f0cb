/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "server/db.h"
#include "server/db_sqlite_file.h"

static char folder[] = "/tmp/test_db_sqlite.XXXXXX";

static const char schema[] = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE CHECK "
                             "(length(name) < 9), ok BOOLEAN);"
                             "INSERT INTO t VALUES (1, 'one', 1), (2, 'two', 0), (3, NULL, NULL);";

static int
make_database(void **state)
{
    struct err err = ERR_INIT;
    struct sqlite3 *db;
    int result;

    (void)state;
    if (mkdtemp(folder) == NULL || chdir(folder) < 0)
        return -1;
    db = db_sqlite_file_open("t.db", "rwc", &err);
    result = db_sqlite_file_exec(db, schema, &err);
    db_sqlite_file_close(db);
    return result;
}

static int
remove_database(void **state)
{
    (void)state;
    unlink("t.db");
    /* Who only reads a database with a write-ahead log cannot take it away. */
    unlink("t.db-wal");
    unlink("t.db-shm");
    return rmdir(folder);
}

static struct db *
open_target(const char *text)
{
    cleanup_db_target struct db_target t = {.driver = NULL};
    struct err err = ERR_INIT;
    struct db *db;

    assert_int_equal(db_target_parse(text, false, &t, &err), 0);
    t.test_functions = true;
    db = db_target_open(&t, &err);
    assert_non_null(db);
    return db;
}

/* Writes cells as "1,'one',true;". */
static bool
note(void *ctx, const struct db_value *cells, size_t n)
{
    struct buf *out = ctx;

    for (size_t i = 0; i < n; i++) {
        const struct db_value *v = &cells[i];

        if (i > 0)
            buf_append_char(out, ',');
        if (v->type == DB_INT)
            buf_appendf(out, "%lld", (long long)v->i);
        else if (v->type == DB_BOOL)
            buf_append_str(out, v->i ? "true" : "false");
        else if (v->type == DB_REAL)
            buf_appendf(out, "%g", v->d);
        else if (v->type == DB_TEXT)
            buf_appendf(out, "'" STR_FMT "'", STR_ARG(v->s));
        else if (v->type == DB_BLOB)
            buf_appendf(out, "x%zu", v->s.n);
        else
            buf_append_str(out, "null");
    }
    buf_append_char(out, ';');
    return true;
}

static int
run(struct db *db, const char *sql, size_t n, const struct db_value *params, struct buf *out,
    int64_t *changed, struct err *err)
{
    struct db_sink sink = {out, note};
    struct db_stmt *s = db_sqlite.prepare(db, sql, n, err);
    int result;

    if (s == NULL)
        return -1;
    result = db_sqlite.run(s, params, &sink, changed, err);
    db_sqlite.finalize(s);
    return result;
}

static void
values_go_in_and_come_out_with_their_types(void **state)
{
    static const char bytes[] = "a\0b";
    const struct db_value params[] = {
        {.type = DB_INT, .i = INT64_MIN},
        {.type = DB_REAL, .d = 0.5},
        {.type = DB_TEXT, .s = STR_LIT("text")},
        {.type = DB_BLOB, .s = {bytes, 3}},
        {.type = DB_NULL},
        {.type = DB_TEXT, .s = {NULL, 0}},
        {.type = DB_BOOL, .i = 1},
    };
    cleanup_buf struct buf out = BUF_INIT(1024);
    struct db *db = open_target("t.db");
    struct err err = ERR_INIT;
    int64_t changed = -1;

    (void)state;
    assert_int_equal(
        run(db, "SELECT ?, ?, ?, ?, ?, ?, ?", ARRAY_LEN(params), params, &out, &changed, &err), 0);
    assert_string_equal(buf_cstr(&out), "-9223372036854775808,0.5,'text',x3,null,'',1;");
    assert_int_equal(changed, 0);
    buf_clear(&out);
    assert_int_equal(run(db, "SELECT * FROM t ORDER BY id", 0, NULL, &out, &changed, &err), 0);
    assert_string_equal(buf_cstr(&out), "1,'one',true;2,'two',false;3,null,null;");
    db_sqlite.close(db);
}

static bool
stop_at_once(void *ctx, const struct db_value *cells, size_t n)
{
    (void)cells;
    (void)n;
    ++*(int *)ctx;
    return false;
}

static void
the_sink_may_have_enough(void **state)
{
    struct db *db = open_target("t.db");
    struct err err = ERR_INIT;
    int n = 0;
    struct db_sink sink = {&n, stop_at_once};
    struct db_stmt *s = db_sqlite.prepare(db, "SELECT id FROM t", 0, &err);
    const struct db_column *columns;
    int64_t changed;

    (void)state;
    assert_int_equal(db_sqlite.columns(s, &columns), 1);
    assert_true(str_eq(columns[0].name, "id"));
    for (int i = 1; i <= 2; i++) {
        assert_int_equal(db_sqlite.run(s, NULL, &sink, &changed, &err), 0);
        assert_int_equal(n, i);
    }
    db_sqlite.finalize(s);
    db_sqlite.close(db);
}

static void
a_changed_table_has_other_columns(void **state)
{
    cleanup_buf struct buf out = BUF_INIT(1024);
    struct db *writer = open_target("sqlite:t.db?mode=rw");
    struct db *db = open_target("t.db");
    struct err err = ERR_INIT;
    struct db_sink sink = {&out, note};
    struct db_stmt *s;
    const struct db_column *columns;
    int64_t changed;

    (void)state;
    assert_int_equal(run(writer, "CREATE TABLE c (a)", 0, NULL, &out, &changed, &err), 0);
    assert_int_equal(run(writer, "INSERT INTO c VALUES (7)", 0, NULL, &out, &changed, &err), 0);
    assert_int_equal(changed, 1);
    s = db_sqlite.prepare(db, "SELECT * FROM c", 0, &err);
    assert_int_equal(db_sqlite.columns(s, &columns), 1);
    assert_int_equal(run(writer, "ALTER TABLE c ADD COLUMN b", 0, NULL, &out, &changed, &err), 0);
    assert_int_equal(db_sqlite.run(s, NULL, &sink, &changed, &err), 0);
    assert_string_equal(buf_cstr(&out), "7,null;");
    assert_int_equal(db_sqlite.columns(s, &columns), 2);
    assert_true(str_eq(columns[1].name, "b"));
    db_sqlite.finalize(s);
    db_sqlite.close(db);
    db_sqlite.close(writer);
}

static void
statements_that_cannot_be_are_refused(void **state)
{
    static const struct {
        const char *sql;
        size_t n;
        enum err_code code;
        const char *why;
    } cases[] = {
        {"SELECT missing FROM t", 0, ERR_INVALID, "no such column: missing"},
        {"SELEC 1", 0, ERR_INVALID, "syntax error"},
        {"", 0, ERR_INVALID, "no statement"},
        {"SELECT 1; SELECT 2", 0, ERR_INVALID, "more than one"},
        {"SELECT ?", 0, ERR_INVALID, "1 placeholders instead of 0"},
        {"DELETE FROM t", 0, ERR_DENIED, "mode=rw"},
    };
    struct db *db = open_target("t.db");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;

        assert_null(db_sqlite.prepare(db, cases[i].sql, cases[i].n, &err));
        assert_int_equal(err.code, cases[i].code);
        assert_non_null(strstr(err.msg, cases[i].why));
    }
    db_sqlite.close(db);
}

static void
what_went_wrong_is_told_by_a_code(void **state)
{
    static const struct {
        const char *sql;
        enum err_code code;
    } cases[] = {
        {"INSERT INTO t VALUES (1, 'x', 1)", ERR_EXISTS},
        {"INSERT INTO t VALUES (9, 'one', 1)", ERR_EXISTS},
        {"INSERT INTO t VALUES (9, 'far too long', 1)", ERR_INVALID},
        {"INSERT INTO t VALUES ('x', 'y', 1)", ERR_INVALID},
    };
    struct db *db = open_target("sqlite:t.db?mode=rw");
    cleanup_buf struct buf out = BUF_INIT(64);
    int64_t changed;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;

        assert_int_equal(run(db, cases[i].sql, 0, NULL, &out, &changed, &err), -1);
        assert_int_equal(err.code, cases[i].code);
    }
    db_sqlite.close(db);
}

struct interrupter {
    struct db *db;
    atomic_bool done;
};

/* An interrupt before the statement runs is nothing: it is repeated, as the pool does. */
static void *
keep_interrupting(void *ctx)
{
    struct interrupter *i = ctx;

    while (!atomic_load(&i->done)) {
        db_sqlite.interrupt(i->db);
        usleep(1000);
    }
    return NULL;
}

static void
another_thread_ends_a_statement(void **state)
{
    static const char *const endless[] = {
        "SELECT berth_wait(600000)",
        "SELECT berth_spin(1000) + berth_wait(600000)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    };
    struct interrupter i = {.db = open_target("t.db")};
    cleanup_buf struct buf out = BUF_INIT(64);
    struct err err = ERR_INIT;
    pthread_t thread;
    int64_t changed;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, keep_interrupting, &i), 0);
    for (size_t n = 0; n < ARRAY_LEN(endless); n++) {
        err = (struct err)ERR_INIT;
        assert_int_equal(run(i.db, endless[n], 0, NULL, &out, &changed, &err), -1);
        assert_int_equal(err.code, ERR_TIMEOUT);
    }
    atomic_store(&i.done, true);
    pthread_join(thread, NULL);
    assert_int_equal(run(i.db, "SELECT berth_wait(1)", 0, NULL, &out, &changed, &err), 0);
    assert_string_equal(buf_cstr(&out), "1;");
    db_sqlite.close(i.db);
}

static void
a_file_that_is_not_there_is_not_made(void **state)
{
    static const char *const texts[] = {"sqlite:none.db", "sqlite:none.db?mode=rw"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        cleanup_db_target struct db_target t = {.driver = NULL};
        struct err err = ERR_INIT;

        assert_int_equal(db_target_parse(texts[i], false, &t, &err), 0);
        assert_null(db_target_open(&t, &err));
        assert_non_null(strstr(err.msg, "none.db"));
    }
    assert_int_equal(access("none.db", F_OK), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_go_in_and_come_out_with_their_types),
        cmocka_unit_test(the_sink_may_have_enough),
        cmocka_unit_test(a_changed_table_has_other_columns),
        cmocka_unit_test(statements_that_cannot_be_are_refused),
        cmocka_unit_test(what_went_wrong_is_told_by_a_code),
        cmocka_unit_test(another_thread_ends_a_statement),
        cmocka_unit_test(a_file_that_is_not_there_is_not_made),
    };
    return cmocka_run_group_tests_name("server/db_sqlite", tests, make_database, remove_database);
}
