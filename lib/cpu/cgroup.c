/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/cgroup.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "cpu/cgroup_path.h"
#include "cpu/cgroup_v1.h"
#include "cpu/cgroup_v2.h"
#include "cpu/ladder.h"
#include "cpu/mountinfo.h"

static const char CGROUP_FILE[] = "/proc/self/cgroup";
static const char MOUNTINFO_FILE[] = "/proc/self/mountinfo";

enum {
    CGROUP_MAX = 256 * 1024,
    MOUNTINFO_MAX = 16 * 1024 * 1024,
    MOUNTS_MAX = 32,        /* mounts of one controller that are looked at */
    PERIOD_MAX = 1000000000 /* microseconds; the kernel allows 1 s */
};

typedef bool (*level_fn)(struct ladder *l, const char *dir, bool is_own);

struct controller {
    const char *name;
    bool is_memory;
    level_fn v1;
    level_fn v2;
};

/* A mount through which the own cgroup or an ancestor can be seen. */
struct view {
    char *mount_point; /* without a slash at its end: "" is "/" */
    struct str below;
    enum cgroup_path_view how;
    unsigned height;
};

struct views {
    struct view v[MOUNTS_MAX];
    size_t n;
    bool is_mounted; /* somewhere, though perhaps showing other cgroups alone */
};

static void
views_done(struct views *views)
{
    for (size_t i = 0; i < views->n; i++)
        free(views->v[i].mount_point);
}

#define cleanup_views __attribute__((cleanup(views_done)))

void
cgroup_quota(struct cpu_rung *r, int64_t quota, struct str period_text)
{
    uint64_t period;

    if (!num_parse_u64(period_text, PERIOD_MAX, &period) || period == 0)
        ladder_note(r, "the period is no number of microseconds from 1 to %d, ignored", PERIOD_MAX);
    else if (quota <= 0)
        ladder_note(r, "nothing could run in a quota of %lld, ignored", (long long)quota);
    else
        ladder_value(r, (double)quota / (double)period);
}

/* Whether a mount carries the controller in the hierarchy in question. */
static bool
carries(const struct mountinfo_entry *e, const struct controller *c, bool is_v1)
{
    if (is_v1)
        return str_eq(e->fs_type, "cgroup") && mountinfo_has_option(e, c->name);
    return str_eq(e->fs_type, "cgroup2");
}

/* Adds a view, or replaces that of the same mount point: a later mount covers an earlier one.
 * Mounts that show nothing of ours take no room: on a container host there are hundreds. */
static void
views_put(struct views *views, struct view view)
{
    views->is_mounted = true;
    for (size_t i = 0; i < views->n; i++) {
        if (strcmp(views->v[i].mount_point, view.mount_point) == 0) {
            free(views->v[i].mount_point);
            views->v[i] = view;
            return;
        }
    }
    if (views->n == MOUNTS_MAX || view.how == CGROUP_PATH_HIDDEN)
        free(view.mount_point);
    else
        views->v[views->n++] = view;
}

static void
find_views(struct str mountinfo, const struct controller *c, bool is_v1, struct str own,
           struct views *views)
{
    struct mountinfo_entry e;

    while (mountinfo_next(&mountinfo, &e)) {
        cleanup_buf struct buf root = BUF_INIT(LADDER_FILE_MAX);
        cleanup_buf struct buf point = BUF_INIT(LADDER_FILE_MAX);
        struct view view = {0};

        if (!carries(&e, c, is_v1))
            continue;
        mountinfo_unescape(e.root, &root);
        mountinfo_unescape(e.mount_point, &point);
        if (root.overflow || point.overflow)
            continue;
        view.how = cgroup_path_view(own, buf_view(&root), &view.below, &view.height);
        if (point.n > 0 && point.p[point.n - 1] == '/')
            point.p[--point.n] = '\0';
        view.mount_point = buf_take(&point);
        views_put(views, view);
    }
}

/* The folder of the own cgroup or of an ancestor: below is what is left of its path. */
static char *
level_dir(const struct view *view, size_t below_n)
{
    return mem_printf("%s%.*s", view->mount_point, (int)below_n, view->below.p);
}

static bool
shows_own(const struct fs_root *root, const struct view *view)
{
    cleanup_free char *dir = level_dir(view, view->below.n);
    cleanup_free char *path = mem_printf("%s%s/", root->prefix, dir);

    return fs_exists(path);
}

/* Of the mounts that reach down to the own cgroup the one that reaches up highest, before those
 * whose folder is not there. */
static const struct view *
best_view(const struct fs_root *root, const struct views *views)
{
    const struct view *best = NULL;
    bool best_shows = false;

    for (size_t i = 0; i < views->n; i++) {
        const struct view *view = &views->v[i];
        bool shows;

        if (view->how != CGROUP_PATH_WITHIN)
            continue;
        shows = shows_own(root, view);
        if (best == NULL || (shows && !best_shows) ||
            (shows == best_shows && view->height > best->height)) {
            best = view;
            best_shows = shows;
        }
    }
    return best;
}

/* One level up from what is n bytes of the path below the mount. */
static size_t
parent_n(const struct view *view, size_t n)
{
    while (n > 0 && view->below.p[--n] != '/')
        ;
    return n;
}

/* From the own cgroup up to the mount's root. */
static bool
walk_up(struct ladder *l, level_fn level, const struct view *view)
{
    size_t n = view->below.n;

    for (bool is_own = true;; is_own = false) {
        cleanup_free char *dir = level_dir(view, n);

        if (!level(l, dir, is_own))
            return false;
        if (n == 0)
            return true;
        n = parent_n(view, n);
    }
}

/* Walks the mounts that show something; false when there is none. */
static bool
walk_views(struct ladder *l, level_fn level, const struct views *views)
{
    const struct view *best = best_view(&l->opts->root, views);
    bool seen = best != NULL;

    if (best != NULL && !walk_up(l, level, best))
        return true;
    /* Mounts made outside of the namespace show ancestors that lie higher than its root. */
    for (size_t i = 0; i < views->n; i++) {
        const struct view *view = &views->v[i];

        if (view->how != CGROUP_PATH_ABOVE)
            continue;
        level(l, view->mount_point, false);
        seen = true;
    }
    return seen;
}

static void
look_at(struct ladder *l, const struct controller *c, struct str cgroup, struct str mountinfo)
{
    cleanup_views struct views views = {.n = 0};
    struct str own;
    bool is_v1 = cgroup_path_v1(cgroup, c->name, &own);
    enum cpu_source source = is_v1 ? CPU_SOURCE_CGROUP_V1 : CPU_SOURCE_CGROUP_V2;
    struct cpu_rung *r;

    if (!is_v1 && !cgroup_path_v2(cgroup, &own)) {
        r = ladder_add(l, source, c->is_memory, CGROUP_FILE);
        ladder_raw(r, str_trim(cgroup));
        ladder_note(r, "no line for %s, neither v1 nor v2", c->name);
        return;
    }
    find_views(mountinfo, c, is_v1, own, &views);
    if (walk_views(l, is_v1 ? c->v1 : c->v2, &views))
        return;
    r = ladder_add(l, source, c->is_memory, MOUNTINFO_FILE);
    ladder_raw(r, own);
    if (!views.is_mounted)
        ladder_note(r, "%s is on cgroup %s, which is not mounted here", c->name,
                    is_v1 ? "v1" : "v2");
    else
        ladder_note(r, "no mount shows the own cgroup or one above it");
}

/* Reads one of the two files of /proc; on failure both ladders get a rung that says why. */
static bool
read_proc(struct ladder *l, const char *path, struct buf *out)
{
    struct err err = ERR_INIT;

    if (fs_root_read(&l->opts->root, path, out, &err) == 0)
        return true;
    if (err.code == ERR_LIMIT) {
        /* The whole lines that fit are enough: where there are that many mounts, the cgroup's come
         * early. */
        while (out->n > 0 && out->p[out->n - 1] != '\n')
            out->n--;
        return true;
    }
    for (int i = 0; i < 2; i++) {
        struct cpu_rung *r = ladder_add(l, CPU_SOURCE_CGROUP_V2, i == 1, path);

        ladder_note(r, "%s", strerror(err.sys));
    }
    return false;
}

void
cgroup_look(struct ladder *l)
{
    static const struct controller controllers[] = {
        {"cpu", false, cgroup_v1_cpu, cgroup_v2_cpu},
        {"memory", true, cgroup_v1_memory, cgroup_v2_memory},
    };
    cleanup_buf struct buf cgroup = BUF_INIT(CGROUP_MAX);
    cleanup_buf struct buf mountinfo = BUF_INIT(MOUNTINFO_MAX);

    if (!read_proc(l, CGROUP_FILE, &cgroup) || !read_proc(l, MOUNTINFO_FILE, &mountinfo))
        return;
    for (size_t i = 0; i < ARRAY_LEN(controllers); i++)
        look_at(l, &controllers[i], buf_view(&cgroup), buf_view(&mountinfo));
}

bool
cgroup_walk(const struct fs_root *root, cgroup_level_fn level, void *ctx)
{
    static const struct controller cpu = {.name = "cpu"};
    cleanup_buf struct buf cgroup = BUF_INIT(CGROUP_MAX);
    cleanup_buf struct buf mountinfo = BUF_INIT(MOUNTINFO_MAX);
    cleanup_views struct views views = {.n = 0};
    const struct view *best;
    struct err err = ERR_INIT;
    struct str own;
    bool is_v1;

    if (fs_root_read(root, CGROUP_FILE, &cgroup, &err) < 0 ||
        fs_root_read(root, MOUNTINFO_FILE, &mountinfo, &err) < 0)
        return false;
    is_v1 = cgroup_path_v1(buf_view(&cgroup), cpu.name, &own);
    if (!is_v1 && !cgroup_path_v2(buf_view(&cgroup), &own))
        return false;
    find_views(buf_view(&mountinfo), &cpu, is_v1, own, &views);
    best = best_view(root, &views);
    if (best == NULL)
        return false;
    for (size_t n = best->below.n;; n = parent_n(best, n)) {
        cleanup_free char *dir = level_dir(best, n);

        if (!level(ctx, dir, is_v1))
            return true;
        if (n == 0)
            return false;
    }
}
