/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Routes that ask a database: the loop's side.  A request becomes a job of the pool; its result
 * comes back whole, or, when it is large, in parts that go no faster than the client takes them.
 * Where answers are kept, one job serves all who ask the same while it runs.
 */

#include <assert.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "server/exchange.h"
#include "server/handlers.h"
#include "server/loop.h"
#include "server/settings.h"
#include "server/sql.h"
#include "server/sql_cache.h"

enum {
    SPARE_MAX = 128,
    OUT_MAX = 64 * 1024 * 1024, /* a row at most */
    OUT_KEPT = 128 * 1024,      /* of a spare job */
    KEY_MAX = 1024 * 1024,
    FINDINGS_MAX = 1024 * 1024
};

/* One for a worker, as long as one of its routes is open. */
static struct sql_service *service;

/* ---- jobs ---- */

static void on_part(struct pool_job *base, struct str part);
static void on_done(struct pool_job *base, enum pool_end end);

static struct sql_job *
job_new(struct sql_service *s, const struct routefile_route *route)
{
    struct sql_job *job = s->spare;

    if (job != NULL) {
        s->spare = job->next_spare;
        s->n_spare--;
    } else {
        job = mem_alloc(sizeof(*job));
        job->out = (struct buf)BUF_INIT(OUT_MAX);
    }
    job->base = (struct pool_job){.run = sql_run, .part = on_part, .done = on_done};
    job->service = s;
    job->waits = NULL;
    job->entry = NULL;
    job->began = job->posted = false;
    job->route = route;
    job->part_max = SQL_PART;
    job->rows = 0;
    job->changed = 0;
    job->result = 0;
    job->err.code = ERR_NONE;
    buf_clear(&job->out);
    return job;
}

static void
job_free(struct sql_job *job)
{
    free(job->text);
    buf_done(&job->out);
    free(job);
}

static void
job_release(struct sql_job *job)
{
    struct sql_service *s = job->service;

    if (s->n_spare == SPARE_MAX || job->out.cap > OUT_KEPT || job->text_cap > OUT_KEPT) {
        job_free(job);
        return;
    }
    job->next_spare = s->spare;
    s->spare = job;
    s->n_spare++;
}

static void
wait_for(struct sql_job *job, struct exchange *x)
{
    struct sql_wait *w = job->waits == NULL ? &job->first : mem_alloc(sizeof(*w));

    *w = (struct sql_wait){.x = x, .job = job, .next = job->waits};
    job->waits = w;
    x->local = w;
}

static void
wait_free(struct sql_wait *w)
{
    if (w != &w->job->first)
        free(w);
}

/* The next one who waits, who does so no longer; NULL: nobody does. */
static struct exchange *
next_wait(struct sql_job *job)
{
    struct sql_wait *w = job->waits;
    struct exchange *x;

    if (w == NULL)
        return NULL;
    x = w->x;
    job->waits = w->next;
    wait_free(w);
    return x;
}

static void
drop_entry(struct sql_job *job)
{
    if (job->entry != NULL)
        sql_cache_drop(job->service->cache, job->entry);
    job->entry = NULL;
}

/* ---- results ---- */

static int64_t
now_ms(const struct sql_job *job)
{
    return job->service->loop->now_ms;
}

/* Others who wait for what turned out too large to be kept ask for themselves. */
static void
ask_alone(struct sql_job *job)
{
    struct sql_wait *rest = job->waits->next;

    drop_entry(job);
    job->waits->next = NULL;
    while (rest != NULL) {
        struct sql_wait *w = rest;
        struct sql_job *own = job_new(job->service, job->route);

        rest = w->next;
        sql_params_copy(own, job);
        wait_for(own, w->x);
        wait_free(w);
        pool_submit(own->service->pool, &own->base);
    }
}

static void
begin_parts(struct sql_job *job, struct exchange *x)
{
    struct exchange_head head = {.status = job->route->status, .type = "application/json"};

    job->began = true;
    exchange_begin(x, &head);
}

static void
on_part(struct pool_job *base, struct str part)
{
    struct sql_job *job = (struct sql_job *)base;
    struct exchange *x;

    if (job->waits == NULL)
        return; /* and cancelled already */
    if (!job->began) {
        if (job->waits->next != NULL || job->entry != NULL)
            ask_alone(job);
        begin_parts(job, job->waits->x);
    }
    x = job->waits->x;
    if (x->request->method == HTTP_HEAD) {
        exchange_end(next_wait(job));
        pool_cancel(job->service->pool, base);
        return;
    }
    exchange_write(x, part);
}

static void
on_drain(struct exchange *x)
{
    struct sql_wait *w = x->local;

    pool_sent(w->job->service->pool, &w->job->base);
}

static void
end_parts(struct sql_job *job, unsigned status)
{
    struct exchange *x = next_wait(job);

    if (x == NULL)
        return;
    if (status != 0) {
        exchange_cut(x);
        return;
    }
    exchange_write(x, buf_view(&job->out));
    exchange_end(x);
}

static void
fill_entry(struct sql_job *job)
{
    cleanup_buf struct buf headers = BUF_INIT(KEY_MAX);

    sql_answer_link(job, &headers);
    if (!sql_cache_fill(job->service->cache, job->entry, buf_view(&headers), buf_view(&job->out),
                        job->route->cache_s, now_ms(job)))
        job->entry = NULL;
}

static void
answer_all(struct sql_job *job, unsigned status, const char *detail)
{
    struct exchange *x;

    if (job->entry != NULL && status == 0)
        fill_entry(job);
    else
        drop_entry(job);
    while ((x = next_wait(job)) != NULL) {
        if (status != 0)
            sql_answer_problem(x, status, detail, 0);
        else if (job->entry != NULL)
            sql_answer_entry(x, job->entry, now_ms(job));
        else
            sql_answer_result(x, job);
    }
}

static void
log_failure(const struct sql_job *job, enum pool_end end, unsigned status)
{
    const struct routefile_route *r = job->route;
    const char *name = job->service->routes->name;

    if (end == POOL_EXPIRED)
        log_warn("%s:%u: %s: waited too long for a thread", name, r->line, r->path);
    else if (job->base.timed_out)
        log_warn("%s:%u: %s: the query took too long", name, r->line, r->path);
    else if (status >= 500)
        log_error("%s:%u: %s: %s", name, r->sql_line, r->path, job->err.msg);
    else if (status >= 409)
        log_info("%s:%u: %s: %s", name, r->sql_line, r->path, job->err.msg);
}

static void
on_done(struct pool_job *base, enum pool_end end)
{
    struct sql_job *job = (struct sql_job *)base;
    const char *detail;
    unsigned status = sql_answer_failure(job, end, &detail);

    if (status != 0 && !base->cancelled)
        log_failure(job, end, status);
    if (job->began)
        end_parts(job, status);
    else
        answer_all(job, status, detail);
    job_release(job);
}

static void
on_abort(struct exchange *x)
{
    struct sql_wait *w = x->local;
    struct sql_job *job;
    struct sql_wait **at;

    if (w == NULL)
        return;
    job = w->job;
    for (at = &job->waits; *at != w; at = &(*at)->next)
        ;
    *at = w->next;
    wait_free(w);
    if (job->waits == NULL) {
        drop_entry(job);
        pool_cancel(job->service->pool, &job->base);
    }
}

/* ---- requests ---- */

/* The worker's own answer, or one that is being made; else the job is to make it. */
static bool
is_kept(struct sql_job *job, struct exchange *x)
{
    struct sql_cache *cache = job->service->cache;
    struct sql_entry *e;

    sql_params_key(job, x->scratch);
    e = sql_cache_find(cache, buf_view(x->scratch), now_ms(job));
    if (e == NULL) {
        job->entry = sql_cache_add(cache, buf_view(x->scratch), job);
        job->part_max = sql_cache_largest(cache);
        return false;
    }
    if (e->owner != NULL)
        wait_for(e->owner, x);
    else
        sql_answer_entry(x, e, now_ms(job));
    return true;
}

static void
ask(struct sql_service *s, const struct routefile_route *r, struct exchange *x,
    const struct str values[ROUTEFILE_PARAMS_MAX])
{
    struct sql_job *job = job_new(s, r);
    char why[256];
    unsigned status = sql_params_read(job, x, values, why);

    if (status != 0) {
        sql_answer_problem(x, status, why, 0);
        job_release(job);
        return;
    }
    if (r->cache_s > 0 && sql_cache_largest(s->cache) > 0 && is_kept(job, x)) {
        job_release(job);
        return;
    }
    wait_for(job, x);
    pool_submit(s->pool, &job->base);
}

static unsigned
with_head(unsigned methods)
{
    return (methods & HTTP_GET) != 0 ? methods | HTTP_HEAD : methods;
}

/* "/posts" where the route is "/posts/". */
static bool
lacks_slash(struct sql_service *s, struct exchange *x, unsigned *allowed)
{
    struct str values[ROUTEFILE_PARAMS_MAX];

    buf_append_view(x->scratch, x->path);
    buf_append_char(x->scratch, '/');
    if (routefile_match(s->routes, HTTP_GET, buf_view(x->scratch), values, allowed) == NULL) {
        *allowed = 0;
        return false;
    }
    *allowed = HTTP_GET;
    return (x->request->method & (HTTP_GET | HTTP_HEAD)) != 0;
}

static void
respond(struct exchange *x)
{
    struct sql_service *s = x->route->local;
    struct str values[ROUTEFILE_PARAMS_MAX];
    unsigned method = x->request->method == HTTP_HEAD ? HTTP_GET : x->request->method;
    unsigned allowed;
    const struct routefile_route *r = routefile_match(s->routes, method, x->path, values, &allowed);

    if (r != NULL) {
        ask(s, r, x, values);
        return;
    }
    if (allowed == 0 && lacks_slash(s, x, &allowed)) {
        exchange_redirect(x, buf_view(x->scratch));
        return;
    }
    if (allowed != 0 && method == HTTP_OPTIONS)
        sql_answer_options(x, with_head(allowed));
    else
        sql_answer_problem(x, allowed != 0 ? 405 : 404, NULL, with_head(allowed));
}

/* ---- in a worker ---- */

static int
open_sql(struct route *route, const struct worker_env *env, struct err *err)
{
    struct pool_local local = sql_run_local(env->settings);

    (void)err;
    if (service == NULL) {
        service = mem_alloc(sizeof(*service));
        service->settings = env->settings;
        service->routes = env->settings->routes;
        service->pool = env->pool;
        service->loop = env->loop;
        service->cache = sql_cache_new(env->settings->cache_bytes);
        pool_set_local(env->pool, &local);
    }
    service->users++;
    route->local = service;
    return 0;
}

static void
close_sql(struct route *route)
{
    struct sql_service *s = route->local;

    route->local = NULL;
    if (s == NULL || --s->users > 0)
        return;
    while (s->spare != NULL) {
        struct sql_job *job = s->spare;

        s->spare = job->next_spare;
        job_free(job);
    }
    sql_cache_free(s->cache);
    free(s);
    service = NULL;
}

/* ---- in the master ---- */

/* One for all routes with this path; as a prefix when one of them has parameters behind it. */
static void
mount(struct routes *r, const struct handler *h, const char *path, bool is_prefix)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->v[i].handler == h && strcmp(r->v[i].path, path) == 0) {
            r->v[i].is_prefix |= is_prefix;
            return;
        }
    }
    route_add(r, (struct route){.handler = h, .path = path, .is_prefix = is_prefix, .folder = -1});
}

static int
check(const struct settings *s, struct err *err)
{
    cleanup_buf struct buf findings = BUF_INIT(FINDINGS_MAX);
    struct err why = ERR_INIT;
    unsigned n = sql_run_check(s, &findings, &why);
    struct str rest = buf_view(&findings);
    char target[256];

    if (why.code == ERR_NET) {
        db_target_format(s->database, target);
        log_warn("%s: %s: the routes are not checked", target, why.msg);
        return 0;
    }
    if (why.code != ERR_NONE) {
        *err = why;
        return -1;
    }
    if (n == 0)
        return 0;
    db_target_format(s->database, target);
    if (s->routes_builtin)
        return err_set(err, ERR_INVALID,
                       "%s: is no database of posts (berthd --init-db makes one): %.*s", target,
                       (int)str_cut(&rest, '\n').n, buf_cstr(&findings));
    while (n > 1) {
        struct str line = str_cut(&rest, '\n');

        log_error(STR_FMT, STR_ARG(line));
        n--;
    }
    return err_set(err, ERR_INVALID, STR_FMT, STR_ARG(str_trim(rest)));
}

int
handler_sql_mount(struct routes *r, const struct settings *s, struct err *err)
{
    const struct handler *h = &handler_sql;

    if (check(s, err) < 0)
        return -1;
    for (size_t i = 0; i < s->routes->n; i++) {
        if (s->routes->v[i].body != ROUTEFILE_BODY_NONE)
            h = &handler_sql_body;
    }
    for (size_t i = 0; i < s->routes->n; i++) {
        const struct routefile_route *route = &s->routes->v[i];

        mount(r, h, route->mount, route->literal < strlen(route->path));
        if (route->bare != NULL)
            mount(r, h, route->bare, false);
    }
    return 0;
}

enum {
    METHODS = HTTP_GET | HTTP_HEAD | HTTP_OPTIONS | HTTP_POST | HTTP_PUT | HTTP_PATCH | HTTP_DELETE
};

const struct handler handler_sql = {
    .name = "sql",
    .methods = METHODS,
    .open = open_sql,
    .close = close_sql,
    .respond = respond,
    .on_drain = on_drain,
    .on_abort = on_abort,
};

const struct handler handler_sql_body = {
    .name = "sql",
    .methods = METHODS,
    .body = HANDLER_BODY_BUFFER,
    .open = open_sql,
    .close = close_sql,
    .respond = respond,
    .on_drain = on_drain,
    .on_abort = on_abort,
};
