/* SPDX-License-Identifier: Apache-2.0 */
#include "server/options_sql.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/db.h"
#include "server/options.h"
#include "server/routefile.h"
#include "server/settings.h"

enum { PASSWORD_MAX = 4096, THREADS_DEFAULT = 4, FINDINGS_MAX = 4 * 1024 * 1024 };

/* What is served without --routes. */
static const char posts[] = "GET /api/v1/posts/\n"
                            "    param limit int 0..1000 = 100\n"
                            "    param offset int 0.. = 0\n"
                            "    sql SELECT id, title, body, author, created FROM posts\n"
                            "        ORDER BY id LIMIT :limit OFFSET :offset\n";

const char *
options_sql_class(const struct options *o)
{
    if (o->worker_class == NULL)
        return o->threads > 0 ? "threads" : "event";
    /* As with gunicorn: several threads make it that class. */
    if (strcmp(o->worker_class, "sync") == 0 && o->threads > 1)
        return "threads";
    return o->worker_class;
}

static int
set_pool(const struct options *o, struct settings *s, struct err *err)
{
    const char *name = options_sql_class(o);

    s->pool = (struct pool_opts){
        .max_threads = (unsigned)o->max_threads,
        .queue_timeout_ms = (unsigned)o->queue_timeout * 1000,
        .run_timeout_ms = (unsigned)o->query_timeout * 1000,
    };
    if (strcmp(name, "sync") == 0)
        s->pool.threads = 1;
    else if (strcmp(name, "threads") == 0)
        s->pool.threads = o->threads > 0 ? (unsigned)o->threads : THREADS_DEFAULT;
    else if (o->threads > 0)
        return err_set(err, ERR_USAGE,
                       "--threads: workers of class event find their number themselves: "
                       "--max-threads bounds it, -k threads fixes it");
    return 0;
}

static void
wipe(struct buf *b)
{
    if (b->p != NULL)
        mem_wipe(b->p, b->cap);
    buf_done(b);
}

static int
set_password(const struct options *o, struct db_target *t, struct err *err)
{
    const char *variable = getenv("BERTHD_DATABASE_PASSWORD");
    struct buf text = BUF_INIT(PASSWORD_MAX);
    int result = 0;

    if (o->database_password_file != NULL) {
        result = fs_read(o->database_password_file, &text, err);
        if (result < 0)
            err_wrap(err, "--database-password-file");
        else
            db_target_set_password(t, str_trim(buf_view(&text)));
    } else if (variable != NULL && t->password == NULL) {
        db_target_set_password(t, str_from(variable));
    }
    wipe(&text);
    return result;
}

/* DATABASE_URL is often there for another program of the container: it counts for who wrote routes
 * of his own. */
static int
set_database(const struct options *o, struct settings *s, struct err *err)
{
    const char *variable = o->routes != NULL ? getenv("DATABASE_URL") : NULL;
    const char *text = o->database != NULL ? o->database : variable;
    struct db_target t;

    if (text == NULL || (text == variable && text[0] == '\0'))
        return o->routes == NULL
                   ? 0
                   : err_set(err, ERR_USAGE, "--routes: there is no --database to ask");
    if (db_target_parse(text, o->database == NULL, &t, err) < 0)
        return err_wrap(err, "%s",
                        o->database != NULL ? "--database" : "the variable DATABASE_URL");
    t.query_timeout_ms = s->pool.run_timeout_ms;
    t.test_functions = o->test_functions;
    s->database = mem_alloc(sizeof(t));
    *s->database = t;
    return set_password(o, s->database, err);
}

static struct routefile *
parse_routes(struct str text, const char *name, struct err *err)
{
    cleanup_buf struct buf findings = BUF_INIT(FINDINGS_MAX);
    struct routefile f;
    unsigned n = routefile_parse(text, name, &f, &findings);
    struct str rest = buf_view(&findings);
    struct routefile *out;

    if (n == 0) {
        out = mem_alloc(sizeof(f));
        *out = f;
        return out;
    }
    for (; n > 1; n--) {
        struct str line = str_cut(&rest, '\n');

        log_error(STR_FMT, STR_ARG(line));
    }
    rest = str_trim(rest);
    err_set(err, ERR_INVALID, STR_FMT, STR_ARG(rest));
    return NULL;
}

struct routefile *
options_sql_read(const struct settings *s, struct err *err)
{
    cleanup_buf struct buf text = BUF_INIT(ROUTEFILE_MAX);

    if (s->routes_builtin)
        return parse_routes(str_from(posts), "posts", err);
    if (fs_read(s->routes_path, &text, err) < 0) {
        err_wrap(err, "--routes");
        return NULL;
    }
    return parse_routes(buf_view(&text), s->routes_path, err);
}

static int
set_routes(const struct options *o, struct settings *s, struct err *err)
{
    if (s->database == NULL)
        return 0;
    s->cache_bytes = o->cache_size;
    s->routes_path = o->routes;
    s->routes_builtin = o->routes == NULL;
    s->routes = options_sql_read(s, err);
    return s->routes != NULL ? 0 : -1;
}

int
options_sql(const struct options *o, struct settings *s, struct err *err)
{
    if (set_pool(o, s, err) < 0 || set_database(o, s, err) < 0 || set_routes(o, s, err) < 0) {
        options_sql_done(s);
        return -1;
    }
    return 0;
}

void
options_sql_routes_free(struct routefile *f)
{
    if (f != NULL)
        routefile_done(f);
    free(f);
}

void
options_sql_done(struct settings *s)
{
    if (s->database != NULL)
        db_target_done(s->database);
    options_sql_routes_free(s->routes);
    free(s->database);
    s->database = NULL;
    s->routes = NULL;
}
