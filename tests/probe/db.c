/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Usage: db URL QUERY-TIMEOUT-MS
 *
 * A driver's functions for tests in Python, in the same build as the programs.  Each line of the
 * standard input is a command in JSON, and each command but "interrupt" is answered by a line.
 *
 *   {"op": "run", "sql": "...", "params": [...], "stop": 0, "count": false}
 *       rows as they are, or only how many there were; stop: after so many
 *   {"op": "interrupt"}     while a run is under way
 *   {"op": "cipher"}        of a MariaDB or MySQL
 */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "server/db.h"
#include "server/db_mysql.h"
#include "json/json.h"

enum { LINE_MAX_BYTES = 64 * 1048576, PARAMS_MAX = 64, STATEMENTS_MAX = 64, STACK = 512 * 1024 };

static const char *const type_names[] = {
    [DB_NULL] = "null", [DB_INT] = "int",   [DB_REAL] = "real", [DB_DECIMAL] = "decimal",
    [DB_BOOL] = "bool", [DB_TEXT] = "text", [DB_BLOB] = "blob", [DB_JSON] = "json",
};

struct probe {
    const struct db_driver *driver;
    struct db *db;
    struct {
        char *sql;
        struct db_stmt *stmt;
    } kept[STATEMENTS_MAX];
    size_t n_kept;

    /* The one command that is handed to the other thread. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct json_t *command;
    bool end;
};

struct rows {
    struct json_t *list; /* NULL: only counted */
    int64_t n, bytes, stop;
};

NORETURN static void
die(const char *text)
{
    fprintf(stderr, "probe: %s\n", text);
    exit(1);
}

static void
answer(struct json_t *document)
{
    cleanup_buf struct buf out = BUF_INIT(LINE_MAX_BYTES);

    json_write(document, JSON_COMPACT, &out);
    json_free(document);
    puts(buf_cstr(&out));
    fflush(stdout);
}

static struct json_t *
error_of(const struct err *err)
{
    struct json_t *v = json_new_object();

    json_put_str(v, "error", err_code_name(err->code));
    json_put_str(v, "message", err->msg);
    return v;
}

static struct json_t *
value_of(const struct db_value *v)
{
    switch (v->type) {
    case DB_NULL:
        return json_new_null();
    case DB_INT:
        return json_new_int(v->i);
    case DB_BOOL:
        return json_new_bool(v->i != 0);
    case DB_REAL:
        return json_new_real(v->d);
    default:
        return json_new_view(v->s);
    }
}

static bool
take_row(void *ctx, const struct db_value *cells, size_t n)
{
    struct rows *rows = ctx;
    struct json_t *row = rows->list != NULL ? json_new_array() : NULL;

    for (size_t i = 0; i < n; i++) {
        struct json_t *cell;

        if (cells[i].type >= DB_DECIMAL && cells[i].type != DB_BOOL)
            rows->bytes += (int64_t)cells[i].s.n;
        if (row == NULL)
            continue;
        cell = json_new_array();
        json_push_str(cell, type_names[cells[i].type]);
        json_push(cell, value_of(&cells[i]));
        json_push(row, cell);
    }
    if (row != NULL)
        json_push(rows->list, row);
    return ++rows->n != rows->stop;
}

static struct db_value
param_of(const struct json_cur *c)
{
    struct json_cur decimal = json_at(c, "decimal"), blob = json_at(c, "blob");
    struct err ignored = ERR_INIT;
    struct db_value v = {.type = DB_NULL};
    bool flag = false;

    if (json_is_null(c))
        return v;
    v.s = str_from(json_str_or(c, json_str_or(&decimal, json_str_or(&blob, ""))));
    if (json_is_object(c))
        v.type = json_is_str(&decimal) ? DB_DECIMAL : DB_BLOB;
    else if (json_is_str(c))
        v.type = DB_TEXT;
    else if (json_get_bool(c, &flag, &ignored) == 0)
        v = (struct db_value){.type = DB_BOOL, .i = flag};
    else if (json_get_int(c, INT64_MIN, INT64_MAX, &v.i, &ignored) == 0)
        v.type = DB_INT;
    else if (json_get_real(c, &v.d, &ignored) == 0)
        v.type = DB_REAL;
    else
        die(ignored.msg);
    return v;
}

/* Each statement is prepared once. */
static struct db_stmt *
statement(struct probe *p, const char *sql, size_t n_params, struct err *err)
{
    struct db_stmt *s;

    for (size_t i = 0; i < p->n_kept; i++) {
        if (strcmp(p->kept[i].sql, sql) == 0)
            return p->kept[i].stmt;
    }
    if (p->n_kept == STATEMENTS_MAX)
        die("too many statements");
    s = p->driver->prepare(p->db, sql, n_params, err);
    if (s == NULL)
        return NULL;
    p->kept[p->n_kept].sql = mem_strdup(sql);
    p->kept[p->n_kept].stmt = s;
    p->n_kept++;
    return s;
}

static struct json_t *
names_of(const struct db_driver *driver, const struct db_stmt *s)
{
    const struct db_column *columns;
    size_t n = driver->columns(s, &columns);
    struct json_t *names = json_new_array();

    for (size_t i = 0; i < n; i++)
        json_push(names, json_new_view(columns[i].name));
    return names;
}

/* Of this program; getrusage() has its parent's at the time of the fork as well. */
static int64_t
peak_kib(void)
{
    FILE *f = fopen("/proc/self/status", "re");
    char line[256];
    long kib = -1;

    while (f != NULL && kib < 0 && fgets(line, sizeof(line), f) != NULL)
        sscanf(line, "VmHWM: %ld", &kib);
    if (kib < 0)
        die("no VmHWM");
    fclose(f);
    return kib;
}

static struct json_t *
run(struct probe *p, const struct json_cur *command)
{
    struct json_cur sql = json_at(command, "sql"), params = json_at(command, "params");
    struct json_cur stop = json_at(command, "stop"), count = json_at(command, "count");
    struct db_value values[PARAMS_MAX];
    size_t n = json_len(&params);
    bool counted = false;
    struct err err = ERR_INIT, ignored = ERR_INIT;
    struct rows rows = {.list = NULL};
    struct db_sink sink = {&rows, take_row};
    struct db_stmt *s;
    struct json_t *v;
    int64_t changed = 0;
    int result;

    if (n > PARAMS_MAX)
        die("too many parameters");
    for (size_t i = 0; i < n; i++) {
        struct json_cur item = json_item(&params, i);

        values[i] = param_of(&item);
    }
    if (json_get_bool(&count, &counted, &ignored) < 0 || !counted)
        rows.list = json_new_array();
    if (json_get_int(&stop, 0, INT64_MAX, &rows.stop, &ignored) < 0)
        rows.stop = 0;
    s = statement(p, json_str_or(&sql, ""), n, &err);
    result = s == NULL ? -1 : p->driver->run(s, values, &sink, &changed, &err);
    if (result < 0)
        v = error_of(&err);
    else
        v = json_new_object();
    if (s != NULL)
        json_put(v, "columns", names_of(p->driver, s));
    json_put(v, "rows", rows.list != NULL ? rows.list : json_new_int(rows.n));
    json_put_int(v, "bytes", rows.bytes);
    json_put_int(v, "changed", changed);
    json_put_int(v, "peak_kib", peak_kib());
    return v;
}

static void
obey(struct probe *p, const struct json_t *document)
{
    struct json_cur command = json_root(document);
    struct json_cur op = json_at(&command, "op");
    struct json_t *v;

    if (strcmp(json_str_or(&op, ""), "cipher") != 0) {
        answer(run(p, &command));
        return;
    }
    v = json_new_object();
    json_put_str(v, "cipher", db_mysql_cipher(p->db));
    answer(v);
}

static void *
work(void *ctx)
{
    struct probe *p = ctx;

    pthread_mutex_lock(&p->lock);
    for (;;) {
        struct json_t *command = p->command;

        if (command == NULL && p->end)
            break;
        if (command == NULL) {
            pthread_cond_wait(&p->changed, &p->lock);
            continue;
        }
        pthread_mutex_unlock(&p->lock);
        obey(p, command);
        json_free(command);
        pthread_mutex_lock(&p->lock);
        p->command = NULL;
        pthread_cond_broadcast(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* NULL ends the other thread. */
static void
hand_over(struct probe *p, struct json_t *command)
{
    pthread_mutex_lock(&p->lock);
    while (p->command != NULL)
        pthread_cond_wait(&p->changed, &p->lock);
    p->command = command;
    p->end = command == NULL;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static void
read_commands(struct probe *p)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t n;

    while ((n = getline(&line, &size, stdin)) > 0) {
        struct err err = ERR_INIT;
        struct json_t *command = json_parse((struct str){line, (size_t)n}, "command", &err);
        struct json_cur root = json_root(command), op;

        if (command == NULL)
            die(err.msg);
        op = json_at(&root, "op");
        if (strcmp(json_str_or(&op, ""), "interrupt") == 0) {
            p->driver->interrupt(p->db);
            json_free(command);
        } else {
            hand_over(p, command);
        }
    }
    free(line);
    hand_over(p, NULL);
}

int
main(int argc, char **argv)
{
    struct probe p = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    cleanup_db_target struct db_target target = {.driver = NULL};
    struct err err = ERR_INIT;
    pthread_attr_t attr;
    pthread_t thread;

    if (argc != 3)
        die("usage: db URL QUERY-TIMEOUT-MS");
    if (db_target_parse(argv[1], true, &target, &err) < 0)
        die(err.msg);
    target.query_timeout_ms = (unsigned)strtoul(argv[2], NULL, 10);
    p.driver = target.driver;
    p.db = db_target_open(&target, &err);
    /* The first answer: {} when there is a connection. */
    answer(p.db != NULL ? json_new_object() : error_of(&err));
    if (p.db == NULL)
        return 1;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK);
    if (pthread_create(&thread, &attr, work, &p) != 0)
        die("no thread");
    pthread_attr_destroy(&attr);
    read_commands(&p);
    pthread_join(thread, NULL);
    for (size_t i = 0; i < p.n_kept; i++) {
        p.driver->finalize(p.kept[i].stmt);
        free(p.kept[i].sql);
    }
    p.driver->close(p.db);
    return 0;
}
