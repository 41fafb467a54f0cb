/* SPDX-License-Identifier: Apache-2.0 */

/* On a thread of the pool: a connection to the database with its statements, and rows that become
 * JSON. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "server/db.h"
#include "server/json_text.h"
#include "server/settings.h"
#include "server/sql.h"
#include "json/json.h"

enum { KEYS_MAX = 256 * 1024, HEX_BYTES = 256 };

/* A route's statement on this connection. */
struct statement {
    struct db_stmt *db;
    /* What is written before each value: `{"id":`, `,"title":`; made for columns of these names. */
    struct buf keys;
    size_t *ends; /* of each, in keys */
    bool *is_json;
    size_t n;
    struct db_value *params; /* of the present run */
};

struct connection {
    const struct db_driver *driver;
    struct db *db;
    const struct routefile *routes;
    struct statement *statements; /* one for each route */
};

/* A run of a statement. */
struct writer {
    struct sql_job *job;
    struct pool_thread *thread;
    struct statement *statement;
    struct connection *connection;
    bool stopped; /* nobody wants more of it */
};

/* ---- connections ---- */

static void
close_statement(const struct connection *c, struct statement *s)
{
    c->driver->finalize(s->db);
    buf_done(&s->keys);
    free(s->ends);
    free(s->is_json);
    free(s->params);
}

static void
close_connection(void *local)
{
    struct connection *c = local;

    for (size_t i = 0; i < c->routes->n; i++)
        close_statement(c, &c->statements[i]);
    c->driver->close(c->db);
    free(c->statements);
    free(c);
}

static void *
open_connection(void *ctx, struct err *err)
{
    const struct settings *s = ctx;
    struct db *db = db_target_open(s->database, err);
    struct connection *c;

    if (db == NULL)
        return NULL;
    c = mem_alloc(sizeof(*c));
    c->driver = s->database->driver;
    c->db = db;
    c->routes = s->routes;
    c->statements = mem_alloc(c->routes->n * sizeof(*c->statements));
    return c;
}

static void
interrupt_connection(void *local)
{
    const struct connection *c = local;

    c->driver->interrupt(c->db);
}

struct pool_local
sql_run_local(const struct settings *s)
{
    return (struct pool_local){(void *)s, open_connection, close_connection, interrupt_connection};
}

/* ---- values ---- */

static bool
is_json_number(struct str s)
{
    size_t i = s.n > 0 && s.p[0] == '-';
    size_t from = i;

    while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
        i++;
    if (i == from || (s.p[from] == '0' && i > from + 1))
        return false;
    if (i < s.n && s.p[i] == '.') {
        from = ++i;
        while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
            i++;
        return i == s.n && i > from;
    }
    return i == s.n;
}

static void
write_int(struct buf *out, int64_t v)
{
    char digits[24];
    size_t at = sizeof(digits);
    uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (v < 0)
        digits[--at] = '-';
    buf_append(out, digits + at, sizeof(digits) - at);
}

/* As few digits as read back the same value. */
static void
write_real(struct buf *out, double v)
{
    char text[32];

    if (!isfinite(v)) {
        buf_append_str(out, "null");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    buf_append_str(out, text);
    /* A reader shall see that the column has fractions. */
    if (strpbrk(text, ".e") == NULL)
        buf_append_str(out, ".0");
}

static void
write_blob(struct buf *out, struct str s)
{
    char digits[2 * HEX_BYTES + 1];

    buf_append_char(out, '"');
    for (size_t i = 0; i < s.n; i += HEX_BYTES) {
        size_t n = s.n - i < HEX_BYTES ? s.n - i : HEX_BYTES;

        hex_encode(s.p + i, n, digits);
        buf_append(out, digits, 2 * n);
    }
    buf_append_char(out, '"');
}

/* Text that says it is JSON, and may be none. */
static void
write_json(struct buf *out, struct str s)
{
    struct err err = ERR_INIT;
    struct json_t *doc = json_parse(s, "column", &err);

    if (doc != NULL)
        json_write(doc, JSON_COMPACT, out);
    else
        json_text_string(out, s);
    json_free(doc);
}

static void
write_value(struct buf *out, const struct db_value *v, bool is_json)
{
    switch (v->type) {
    case DB_NULL:
        buf_append_str(out, "null");
        break;
    case DB_INT:
        write_int(out, v->i);
        break;
    case DB_REAL:
        write_real(out, v->d);
        break;
    case DB_BOOL:
        buf_append_str(out, v->i != 0 ? "true" : "false");
        break;
    case DB_BLOB:
        write_blob(out, v->s);
        break;
    case DB_DECIMAL:
        if (is_json_number(v->s))
            buf_append_view(out, v->s);
        else
            json_text_string(out, v->s);
        break;
    case DB_JSON:
        write_json(out, v->s);
        break;
    case DB_TEXT:
        if (is_json)
            write_json(out, v->s);
        else
            json_text_string(out, v->s);
        break;
    }
}

/* ---- rows ---- */

static bool
says_json(const struct routefile_route *r, struct str column)
{
    for (size_t i = 0; i < r->n_json; i++) {
        if (str_eq(column, r->json[i]))
            return true;
    }
    return false;
}

/* Once for a statement, and again when its columns are others. */
static void
name_columns(struct statement *s, const struct routefile_route *r, const struct db_column *columns,
             size_t n)
{
    s->keys.limit = KEYS_MAX;
    buf_clear(&s->keys);
    s->ends = mem_realloc(s->ends, n + 1, sizeof(*s->ends));
    s->is_json = mem_realloc(s->is_json, n + 1, sizeof(*s->is_json));
    for (size_t i = 0; i < n; i++) {
        buf_append_char(&s->keys, i == 0 ? '{' : ',');
        json_text_string(&s->keys, columns[i].name);
        buf_append_char(&s->keys, ':');
        s->ends[i] = s->keys.n;
        s->is_json[i] = says_json(r, columns[i].name);
    }
    s->n = n;
}

/* The driver's names, as they are now, against those that were written down. */
static bool
has_same_names(const struct statement *s, const struct db_column *columns, size_t n)
{
    size_t from = 0;

    if (s->n != n || s->keys.p == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *key = s->keys.p + from + 2;
        size_t key_n = s->ends[i] - from - 4;

        /* Names that had to be escaped are simply written again. */
        if (key_n != columns[i].name.n || memcmp(key, columns[i].name.p, key_n) != 0)
            return false;
        from = s->ends[i];
    }
    return true;
}

static void
begin_rows(struct writer *w)
{
    const struct db_column *columns;
    size_t n = w->connection->driver->columns(w->statement->db, &columns);

    if (!has_same_names(w->statement, columns, n))
        name_columns(w->statement, w->job->route, columns, n);
}

static bool
post(struct writer *w)
{
    struct sql_job *job = w->job;

    job->posted = true;
    w->stopped = !pool_thread_post(w->thread, buf_view(&job->out));
    buf_clear(&job->out);
    return !w->stopped;
}

static bool
on_row(void *ctx, const struct db_value *cells, size_t n)
{
    struct writer *w = ctx;
    struct sql_job *job = w->job;
    const struct statement *s;
    struct buf *out = &job->out;
    size_t from = 0;

    if (job->rows++ == 0)
        begin_rows(w);
    s = w->statement;
    if (!job->route->is_row)
        buf_append_char(out, job->rows == 1 ? '[' : ',');
    for (size_t i = 0; i < n; i++) {
        buf_append(out, s->keys.p + from, s->ends[i] - from);
        from = s->ends[i];
        write_value(out, &cells[i], s->is_json[i]);
    }
    buf_append_char(out, '}');
    if (job->route->is_row)
        return false;
    if (out->overflow) /* buf_finish() tells */
        return false;
    return out->n < job->part_max || post(w);
}

static void
end_rows(const struct sql_job *job, struct buf *out, bool has_result)
{
    if (!has_result)
        buf_appendf(out, "{\"changed\":%lld}\n", (long long)job->changed);
    else if (job->route->is_row)
        buf_append_char(out, '\n');
    else
        buf_append_str(out, job->rows == 0 ? "[]\n" : "]\n");
}

static int
prepare(struct writer *w, struct err *err)
{
    const struct routefile_route *r = w->job->route;
    struct connection *c = w->connection;

    w->statement = &c->statements[r - c->routes->v];
    if (w->statement->db != NULL)
        return 0;
    w->statement->db = c->driver->prepare(c->db, r->sql, r->n_binds, err);
    if (w->statement->db == NULL)
        return -1;
    w->statement->params =
        mem_realloc(w->statement->params, r->n_binds + 1, sizeof(struct db_value));
    return 0;
}

static int
run_statement(struct writer *w, struct err *err)
{
    struct sql_job *job = w->job;
    const struct routefile_route *r = job->route;
    struct db_sink sink = {w, on_row};
    const struct db_column *columns;
    bool has_result;
    int result;

    if (prepare(w, err) < 0)
        return -1;
    for (size_t i = 0; i < r->n_binds; i++)
        w->statement->params[i] = job->values[r->binds[i]];
    result = w->connection->driver->run(w->statement->db, w->statement->params, &sink,
                                        &job->changed, err);
    if (result < 0 || w->stopped)
        return result;
    has_result = w->connection->driver->columns(w->statement->db, &columns) > 0;
    end_rows(job, &job->out, has_result);
    if (!has_result)
        job->rows = job->changed > 0 ? 1 : 0;
    return buf_finish(&job->out, err);
}

void
sql_run(struct pool_job *base, struct pool_thread *t)
{
    struct sql_job *job = (struct sql_job *)base;
    struct writer w = {.job = job, .thread = t};

    w.connection = pool_thread_local(t, &job->err);
    job->result = w.connection != NULL ? run_statement(&w, &job->err) : -1;
    if (w.stopped && job->result == 0)
        job->result = err_set(&job->err, ERR_TIMEOUT, "stopped");
}

/* ---- at the start ---- */

unsigned
sql_run_check(const struct settings *s, struct buf *findings, struct err *err)
{
    struct connection *c = open_connection((void *)s, err);
    unsigned n = 0;

    if (c == NULL)
        return 1;
    for (size_t i = 0; i < s->routes->n; i++) {
        const struct routefile_route *r = &s->routes->v[i];
        struct err why = ERR_INIT;

        c->statements[i].db = c->driver->prepare(c->db, r->sql, r->n_binds, &why);
        if (c->statements[i].db != NULL)
            continue;
        buf_appendf(findings, "%s:%u: %s\n", s->routes->name, r->sql_line, why.msg);
        n++;
    }
    close_connection(c);
    return n;
}
