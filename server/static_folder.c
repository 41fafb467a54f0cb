/* SPDX-License-Identifier: Apache-2.0 */
#include "server/static_folder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/bytes.h"
#include "server/mime.h"
#include "server/settings.h"
#include "server/static_open.h"

enum {
    SUFFIX_MAX = 8,
    BYTES_PER_BUCKET = 4096,
    BUCKETS_MIN = 64,
    BUCKETS_MAX = 65536,
    /* Images built to be reproducible set all their files to one early time, which then tells
     * nothing about a change. */
    FIRST_HONEST_TIME = 24 * 60 * 60,
    /* A file changed twice within its time's granularity looks unchanged: the content of one that
     * is younger than this is not trusted to be its last. */
    SETTLED_S = 2
};

/* What of a file's state tells that it is another one now. */
struct version {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec modified, changed;
};

struct static_node {
    struct static_entry entry;
    struct version versions[HTTP_CODING_COUNT];
    struct static_node *next; /* in the bucket */
    struct static_node *newer, *older;
    uint64_t hash;
    uint64_t bytes;
    unsigned opened;
    int64_t checked_ms;
    bool settled;
    size_t path_n;
    char path[];
};

/* The files of a path as they are now. */
struct probe {
    int fds[HTTP_CODING_COUNT];
    struct version versions[HTTP_CODING_COUNT];
    unsigned codings;
};

static bool
is_after(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

static bool
is_same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool
is_same(const struct version *a, const struct version *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           is_same_time(&a->modified, &b->modified) && is_same_time(&a->changed, &b->changed);
}

static struct version
version_of(const struct stat *st)
{
    return (struct version){st->st_dev, st->st_ino, st->st_size, st->st_mtim, st->st_ctim};
}

static bool
has_honest_time(const struct version *v)
{
    return v->modified.tv_sec >= FIRST_HONEST_TIME;
}

/* By time and size, so that all tasks of a service agree; without an honest time by what changes
 * when the file is replaced on this machine. */
static void
format_etag(const struct version *v, enum http_coding coding, char out[STATIC_ETAG_MAX])
{
    const struct timespec *t = has_honest_time(v) ? &v->modified : &v->changed;
    const char *dash = coding == HTTP_CODING_IDENTITY ? "" : "-";
    const char *name = coding == HTTP_CODING_IDENTITY ? "" : http_coding_names[coding];

    if (has_honest_time(v))
        snprintf(out, STATIC_ETAG_MAX, "\"%llx%08lx-%llx%s%s\"", (unsigned long long)t->tv_sec,
                 (unsigned long)t->tv_nsec, (unsigned long long)v->size, dash, name);
    else
        snprintf(out, STATIC_ETAG_MAX, "\"%llx%08lx-%llx-%llx%s%s\"", (unsigned long long)t->tv_sec,
                 (unsigned long)t->tv_nsec, (unsigned long long)v->size, (unsigned long long)v->ino,
                 dash, name);
}

static unsigned
status_of_errno(const char *path)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case EXDEV: /* a link that leads out of the folder */
    case ENAMETOOLONG:
    case ENXIO: /* a socket, or a FIFO without a writer */
    case ENODEV:
    case EINVAL:
        return 404;
    case EACCES:
        return 403;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
        log_warn("'%s' cannot be opened: %m", path);
        return 503;
    default:
        log_error("'%s' cannot be opened: %m", path);
        return 500;
    }
}

static void
probe_done(struct probe *p)
{
    for (unsigned i = 0; i < HTTP_CODING_COUNT; i++)
        cleanup_fdp(&p->fds[i]);
}

#define cleanup_probe __attribute__((cleanup(probe_done)))

/* The file itself: 200, or the status that says why not. */
static unsigned
probe_plain(int folder, const char *path, struct probe *p)
{
    struct stat st;

    p->fds[HTTP_CODING_IDENTITY] = static_open(folder, path);
    if (p->fds[HTTP_CODING_IDENTITY] < 0 || fstat(p->fds[HTTP_CODING_IDENTITY], &st) < 0)
        return status_of_errno(path);
    if (S_ISDIR(st.st_mode))
        return 301;
    if (!S_ISREG(st.st_mode))
        return 404;
    p->versions[HTTP_CODING_IDENTITY] = version_of(&st);
    p->codings = 1u << HTTP_CODING_IDENTITY;
    return 200;
}

/* One beside it; that it cannot be read is as if it were not there. */
static void
probe_coded(int folder, const char *path, enum http_coding coding, struct probe *p)
{
    int fd = static_open(folder, path);
    struct stat st;

    p->fds[coding] = fd;
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
        is_after(&p->versions[HTTP_CODING_IDENTITY].modified, &st.st_mtim))
        return;
    p->versions[coding] = version_of(&st);
    p->codings |= 1u << coding;
}

static unsigned
probe(struct static_folder *f, struct str path, struct probe *p)
{
    unsigned status;

    *p = (struct probe){.fds = {-1, -1, -1, -1}, .codings = 0};
    status = probe_plain(f->fd, path.p, p);
    for (unsigned i = HTTP_CODING_IDENTITY + 1; status == 200 && i < HTTP_CODING_COUNT; i++) {
        buf_clear(&f->name);
        buf_append_view(&f->name, path);
        buf_append_str(&f->name, http_coding_suffixes[i]);
        probe_coded(f->fd, buf_cstr(&f->name), (enum http_coding)i, p);
    }
    return status;
}

/* Whether the node still is what was found. */
static bool
is_current(const struct static_node *n, const struct probe *p)
{
    if (!n->settled || n->entry.codings != p->codings)
        return false;
    for (unsigned i = 0; i < HTTP_CODING_COUNT; i++) {
        if ((p->codings & 1u << i) != 0 && !is_same(&n->versions[i], &p->versions[i]))
            return false;
    }
    return true;
}

/* Whether the files that are sent from their descriptors are as they were when they were opened. */
static bool
is_intact(const struct static_node *n)
{
    for (unsigned i = 0; n->opened > 0 && i < HTTP_CODING_COUNT; i++) {
        struct version now;
        struct stat st;

        if ((n->entry.codings & 1u << i) == 0 || n->entry.files[i].fd < 0)
            continue;
        if (fstat(n->entry.files[i].fd, &st) < 0)
            return false;
        now = version_of(&st);
        if (!is_same(&n->versions[i], &now))
            return false;
    }
    return true;
}

/* The whole content, or NULL when it is not what the version says, or changes meanwhile. */
static char *
read_content(int fd, const struct version *v)
{
    size_t size = (size_t)v->size;
    cleanup_free char *bytes = mem_realloc(NULL, size + 1, 1);
    size_t at = 0;
    ssize_t n = 1;
    struct version after;
    struct stat st;

    while (at < size && (n = pread(fd, bytes + at, size - at, (off_t)at)) > 0)
        at += (size_t)n;
    if (at < size || fstat(fd, &st) < 0)
        return NULL;
    after = version_of(&st);
    return is_same(v, &after) ? steal_ptr(&bytes) : NULL;
}

/* Into memory when it is small and memory is wanted, else its descriptor moves to the node. */
static void
take_content(struct static_node *n, struct probe *p, enum http_coding coding, bool keep)
{
    struct static_file *file = &n->entry.files[coding];

    if (keep && file->size <= STATIC_SMALL)
        file->bytes = read_content(p->fds[coding], &p->versions[coding]);
    if (file->bytes != NULL) {
        n->bytes += file->size;
    } else {
        file->fd = steal_fd(&p->fds[coding]);
        n->opened++;
    }
}

static struct static_node *
node_new(const struct static_folder *f, struct str path, uint64_t hash, struct probe *p)
{
    struct static_node *n = mem_alloc(sizeof(*n) + path.n + 1);
    int64_t now = clock_unix(clock_system());

    memcpy(n->path, path.p, path.n);
    n->path_n = path.n;
    n->hash = hash;
    n->settled = true;
    n->entry.type = mime_of(path);
    n->entry.codings = p->codings;
    for (unsigned i = 0; i < HTTP_CODING_COUNT; i++) {
        struct static_file *file = &n->entry.files[i];
        const struct version *v = &p->versions[i];

        file->fd = -1;
        if ((p->codings & 1u << i) == 0)
            continue;
        n->versions[i] = *v;
        n->settled = n->settled && v->modified.tv_sec + SETTLED_S < now &&
                     v->changed.tv_sec + SETTLED_S < now;
        file->size = (uint64_t)v->size;
        file->modified = has_honest_time(v) ? v->modified.tv_sec : HTTP_CONDITION_UNDATED;
        format_etag(v, (enum http_coding)i, file->etag);
        take_content(n, p, (enum http_coding)i, f->ms > 0);
    }
    static_file_headers(&n->entry, &f->place, path);
    n->bytes += sizeof(*n) + path.n + static_file_headers_size(&n->entry);
    return n;
}

static void
node_free(struct static_node *n)
{
    if (n == NULL)
        return;
    for (unsigned i = 0; i < HTTP_CODING_COUNT; i++) {
        free((void *)(uintptr_t)n->entry.files[i].bytes);
        cleanup_fdp(&n->entry.files[i].fd);
    }
    static_file_headers_done(&n->entry);
    free(n);
}

/* ---- what is kept ---- */

static uint64_t
hash_of(struct str path)
{
    uint64_t h = path.n;
    size_t i = 0;

    for (; path.n - i >= BYTES_WORD; i += BYTES_WORD) {
        h = (h ^ bytes_word(path.p + i)) * 0x9e3779b97f4a7c15;
        h ^= h >> 32;
    }
    for (; i < path.n; i++)
        h = (h ^ (unsigned char)path.p[i]) * 0x100000001b3;
    return h ^ h >> 32;
}

static struct static_node **
place_of(struct static_folder *f, struct str path, uint64_t hash)
{
    struct static_node **at = &f->buckets[hash & (f->n_buckets - 1)];

    while (*at != NULL && ((*at)->hash != hash || (*at)->path_n != path.n ||
                           !bytes_equal((*at)->path, path.p, path.n)))
        at = &(*at)->next;
    return at;
}

static void
unlink_age(struct static_folder *f, struct static_node *n)
{
    *(n->newer != NULL ? &n->newer->older : &f->first) = n->older;
    *(n->older != NULL ? &n->older->newer : &f->last) = n->newer;
}

static void
link_newest(struct static_folder *f, struct static_node *n)
{
    n->newer = NULL;
    n->older = f->first;
    *(f->first != NULL ? &f->first->newer : &f->last) = n;
    f->first = n;
}

static void
take_out(struct static_folder *f, struct static_node *n)
{
    struct static_node **at = place_of(f, (struct str){n->path, n->path_n}, n->hash);

    *at = n->next;
    unlink_age(f, n);
    f->bytes -= n->bytes;
    f->opened -= n->opened;
}

static void
forget(struct static_folder *f, struct static_node *n)
{
    take_out(f, n);
    node_free(n);
}

static void
forget_all(struct static_folder *f)
{
    while (f->last != NULL)
        forget(f, f->last);
}

/* Keeps it as far as there is room: older ones make way, and one that is too large alone is good
 * for this time only. */
static void
keep(struct static_folder *f, struct static_node *n)
{
    if (f->ms == 0 || n->bytes > f->max_bytes || n->opened > f->max_opened) {
        f->loose = n;
        return;
    }
    while (f->last != NULL &&
           (f->bytes + n->bytes > f->max_bytes || f->opened + n->opened > f->max_opened))
        forget(f, f->last);
    *place_of(f, (struct str){n->path, n->path_n}, n->hash) = n;
    link_newest(f, n);
    f->bytes += n->bytes;
    f->opened += n->opened;
}

void
static_folder_init(struct static_folder *f, int fd, const struct static_place *place,
                   unsigned share)
{
    const struct settings_static *s = place->settings;

    *f = (struct static_folder){.fd = fd,
                                .place = *place,
                                .ms = s->cache_ms,
                                .max_bytes = s->cache_bytes / share,
                                .max_opened = s->cache_opened / share,
                                .name = BUF_INIT(PATH_MAX + SUFFIX_MAX),
                                .n_buckets = BUCKETS_MIN};
    while (f->n_buckets < BUCKETS_MAX && f->n_buckets < f->max_bytes / BYTES_PER_BUCKET)
        f->n_buckets *= 2;
    f->buckets = mem_alloc(f->n_buckets * sizeof(struct static_node *));
}

void
static_folder_done(struct static_folder *f)
{
    forget_all(f);
    node_free(f->loose);
    free(f->buckets);
    buf_done(&f->name);
    *f = (struct static_folder){.fd = -1};
}

static unsigned
probe_with_room(struct static_folder *f, struct str path, struct probe *p)
{
    unsigned status = probe(f, path, p);

    if (status != 503 || f->opened == 0)
        return status;
    /* What is kept open may be what there is no descriptor for. */
    probe_done(p);
    forget_all(f);
    return probe(f, path, p);
}

const struct static_entry *
static_folder_kept(struct static_folder *f, struct str path, int64_t now_ms)
{
    struct static_node *n = *place_of(f, path, hash_of(path));

    if (n == NULL || now_ms - n->checked_ms >= f->ms || !is_intact(n))
        return NULL;
    if (f->first != n) {
        unlink_age(f, n);
        link_newest(f, n);
    }
    return &n->entry;
}

const struct static_entry *
static_folder_find(struct static_folder *f, struct str path, int64_t now_ms, unsigned *status)
{
    uint64_t hash = hash_of(path);
    cleanup_probe struct probe p = {.fds = {-1, -1, -1, -1}, .codings = 0};
    struct static_node *n;

    node_free(f->loose);
    f->loose = NULL;
    *status = 404;
    if (path.n > PATH_MAX || !static_open_allowed(path))
        return NULL;
    *status = probe_with_room(f, path, &p);
    n = *place_of(f, path, hash);
    if (n != NULL && *status == 200 && is_current(n, &p)) {
        n->checked_ms = now_ms;
        return &n->entry;
    }
    if (n != NULL)
        forget(f, n);
    if (*status != 200)
        return NULL;
    n = node_new(f, path, hash, &p);
    n->checked_ms = now_ms;
    keep(f, n);
    return &n->entry;
}
