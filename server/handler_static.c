/* SPDX-License-Identifier: Apache-2.0 */

/* Files of a mounted folder or archive: GET and HEAD, index.html for folders, and one page of a
 * single-page application for the paths that only its script knows. */

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "server/exchange.h"
#include "server/handlers.h"
#include "server/loop.h"
#include "server/mime.h"
#include "server/pack.h"
#include "server/settings.h"
#include "server/static_folder.h"
#include "server/static_open.h"
#include "server/static_pack.h"
#include "server/static_parts.h"
#include "server/static_send.h"

struct mount {
    const struct loop *loop;
    struct static_place place;
    struct static_folder folder;
    struct static_pack *pack; /* NULL: it is the folder */
};

static int
open_mount(struct route *route, const struct worker_env *env, struct err *err UNUSED)
{
    const struct settings *s = env->settings;
    struct mount *m = mem_alloc(sizeof(*m));
    unsigned folders = 0;

    m->loop = env->loop;
    m->place = (struct static_place){.settings = &s->files, .url = route->path};
    for (size_t i = 0; i < s->n_mounts; i++) {
        if (str_eq(str_from(s->mounts[i].url), route->path))
            m->place.fallback = s->mounts[i].fallback;
        folders++;
    }
    if (route->pack != NULL)
        m->pack = static_pack_new(route->pack, &m->place);
    else
        static_folder_init(&m->folder, route->folder, &m->place, folders);
    route->local = m;
    return 0;
}

static void
close_mount(struct route *route)
{
    struct mount *m = route->local;

    if (m == NULL)
        return;
    if (m->pack != NULL)
        static_pack_free(m->pack);
    else
        static_folder_done(&m->folder);
    free(m);
    route->local = NULL;
}

/* path is followed by a NUL. */
static const struct static_entry *
find(struct mount *m, struct str path, unsigned *status)
{
    const struct static_entry *e;

    if (m->pack != NULL)
        return static_pack_find(m->pack, path, status);
    e = static_folder_kept(&m->folder, path, m->loop->now_ms);
    return e != NULL ? e : static_folder_find(&m->folder, path, m->loop->now_ms, status);
}

static struct str
last_segment(struct str path)
{
    size_t at = path.n;

    while (at > 0 && path.p[at - 1] != '/')
        at--;
    return (struct str){path.p + at, path.n - at};
}

/* Whether a path that is not there is one of the application's own.  A missing script or picture
 * never is: an answer that is a page would only hide that it is missing. */
static bool
is_page(const struct exchange *x)
{
    struct str segment = last_segment(x->rest);

    if (str_find(segment, '.') < 0)
        return true;
    return !mime_knows(segment) && http_accept_page(x->request);
}

static void
redirect_to_folder(struct exchange *x)
{
    buf_clear(x->scratch);
    buf_append_view(x->scratch, x->path);
    buf_append_char(x->scratch, '/');
    exchange_redirect(x, buf_view(x->scratch));
}

static void
look_for(struct exchange *x, struct mount *m, bool is_folder)
{
    const struct static_entry *e;
    unsigned status;

    buf_append(x->scratch, x->rest.p + 1, x->rest.n - 1);
    if (is_folder)
        buf_append_str(x->scratch, "index.html");
    e = find(m, buf_view(x->scratch), &status);
    if (e == NULL && status == 404 && m->place.fallback != NULL && is_page(x) &&
        static_open_allowed(buf_view(x->scratch)))
        e = find(m, str_from(m->place.fallback), &status);
    if (e != NULL)
        static_send(x, e, m->place.settings->ranges);
    else if (status == 301 && !is_folder)
        redirect_to_folder(x);
    else
        exchange_status(x, status == 301 ? 404 : status);
}

static void
respond(struct exchange *x)
{
    struct mount *m = x->route->local;
    bool is_folder = x->rest.n > 0 && x->rest.p[x->rest.n - 1] == '/';
    const struct static_entry *e = NULL;

    if (x->rest.n == 0 && x->path.n > 0) { /* the mount's own name */
        redirect_to_folder(x);
        return;
    }
    /* Most requests are for a file that was asked for a moment ago. */
    if (!is_folder && m->pack == NULL)
        e = static_folder_kept(&m->folder, (struct str){x->rest.p + 1, x->rest.n - 1},
                               m->loop->now_ms);
    if (e != NULL)
        static_send(x, e, m->place.settings->ranges);
    else
        look_for(x, m, is_folder);
}

const struct handler handler_static = {
    .name = "static",
    .methods = HTTP_GET | HTTP_HEAD,
    .open = open_mount,
    .close = close_mount,
    .respond = respond,
    .on_drain = static_parts_drain,
    .on_abort = static_parts_abort,
};
