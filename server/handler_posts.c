/* SPDX-License-Identifier: Apache-2.0 */

/* GET /api/v1/posts/: the list of posts, a page of it with ?limit=N&offset=N. */

#include <inttypes.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/num.h"
#include "server/db.h"
#include "server/db_posts.h"
#include "server/exchange.h"
#include "server/handlers.h"
#include "server/http_target.h"
#include "server/json_text.h"
#include "server/settings.h"

enum { PAGE_DEFAULT = 100, PAGE_MAX = 1000 };

static bool
wanted(const struct settings *s)
{
    return s->database != NULL;
}

static int
check(const struct settings *s, struct err *err)
{
    cleanup_db_posts struct db_posts *p = db_posts_open(s->database->path, err);

    return p != NULL ? 0 : -1;
}

/* A connection of its own for each worker: SQLite's may not be carried across a fork. */
static int
open_posts(struct route *route, const struct worker_env *env, struct err *err)
{
    route->local = db_posts_open(env->settings->database->path, err);
    return route->local != NULL ? 0 : -1;
}

static void
close_posts(struct route *route)
{
    db_posts_close(route->local);
    route->local = NULL;
}

static void
append_post(void *ctx, const struct db_post *post)
{
    struct buf *out = ctx;

    if (out->n > 1)
        buf_append_char(out, ',');
    buf_appendf(out, "{\"id\":%" PRId64 ",\"title\":", post->id);
    json_text_string(out, post->title);
    buf_append_str(out, ",\"body\":");
    json_text_string(out, post->body);
    buf_append_str(out, ",\"author\":");
    json_text_string(out, post->author);
    buf_append_str(out, ",\"created\":");
    json_text_string(out, post->created);
    buf_append_char(out, '}');
}

/* False when it is there and no number up to max. */
static bool
parameter(const struct exchange *x, const char *name, uint64_t max, uint64_t *out)
{
    struct str query = http_parse_str(x->request, x->request->query);
    struct str value;

    if (!x->request->has_query)
        return true;
    value = http_target_parameter(query, name);
    return value.p == NULL || num_parse_u64(value, max, out);
}

static void
respond(struct exchange *x)
{
    struct exchange_reply r = EXCHANGE_REPLY_INIT;
    uint64_t limit = PAGE_DEFAULT;
    uint64_t offset = 0;
    struct err err = ERR_INIT;

    if (!parameter(x, "limit", PAGE_MAX, &limit) || !parameter(x, "offset", INT64_MAX, &offset)) {
        exchange_status(x, 400);
        return;
    }
    buf_append_char(x->scratch, '[');
    if (db_posts_each(x->route->local, (int64_t)limit, (int64_t)offset, append_post, x->scratch,
                      &err) < 0) {
        log_error("%s: %s", x->route->path, err.msg);
        exchange_status(x, 500);
        return;
    }
    buf_append_str(x->scratch, "]\n");
    if (buf_finish(x->scratch, &err) < 0) {
        log_error("%s: the page is too large: ask for fewer posts with ?limit=: %s", x->route->path,
                  err.msg);
        exchange_status(x, 500);
        return;
    }
    r.type = "application/json";
    r.body = buf_view(x->scratch);
    exchange_reply(x, &r);
}

static void
respond_bare(struct exchange *x)
{
    exchange_redirect(x, STR_LIT("/api/v1/posts/"));
}

const struct handler handler_posts = {
    .name = "posts",
    .path = "/api/v1/posts/",
    .methods = HTTP_GET | HTTP_HEAD,
    .wanted = wanted,
    .check = check,
    .open = open_posts,
    .close = close_posts,
    .respond = respond,
};

const struct handler handler_posts_bare = {
    .name = "posts-bare",
    .path = "/api/v1/posts",
    .methods = HTTP_GET | HTTP_HEAD,
    .wanted = wanted,
    .respond = respond_bare,
};
