/* SPDX-License-Identifier: Apache-2.0 */
#include "images/tar_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/path.h"
#include "images/inflate.h"
#include "images/interrupt.h"
#include "images/layer_read.h"
#include "images/limits.h"
#include "images/tar_read.h"

enum { PIECE = 256 * 1024, STEP = 4096, META_MAX = 1024 * 1024 };

void
tar_index_done(struct tar_index *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free(t->v[i].path);
        free(t->v[i].link);
    }
    free(t->v);
    free(t->name);
    cleanup_fdp(&t->fd);
    *t = (struct tar_index)TAR_INDEX_INIT;
}

/* ---- reading ---- */

static ptrdiff_t
read_at(const struct tar_index *t, void *into, size_t n, uint64_t offset, struct err *err)
{
    ssize_t got;

    do
        got = pread(t->fd, into, n, (off_t)offset);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return err_sys(err, "read '%s'", t->name);
    return got;
}

ptrdiff_t
tar_index_peek(const struct tar_index *t, const struct tar_member *m, void *into, size_t n,
               struct err *err)
{
    return read_at(t, into, m->size < n ? (size_t)m->size : n, m->offset, err);
}

int
tar_index_stream(const struct tar_index *t, const struct tar_member *m, const struct sink *out,
                 struct err *err)
{
    cleanup_free char *piece = mem_alloc(PIECE);
    uint64_t done = 0;

    while (done < m->size) {
        uint64_t left = m->size - done;
        ptrdiff_t n = read_at(t, piece, left < PIECE ? (size_t)left : PIECE, m->offset + done, err);

        if (n == 0)
            return err_set(err, ERR_INVALID, "'%s' is cut short in '%s'", t->name, m->path);
        if (n < 0 || sink_write(out, piece, (size_t)n, err) < 0)
            return -1;
        done += (uint64_t)n;
    }
    return 0;
}

static int
append(void *ctx, const void *p, size_t n, struct err *err)
{
    struct buf *b = ctx;

    buf_append(b, p, n);
    return buf_finish(b, err);
}

int
tar_index_text(const struct tar_index *t, const char *path, struct buf *out, struct err *err)
{
    const struct tar_member *m = tar_index_find(t, path);
    const struct sink sink = {append, out};

    if (m == NULL)
        return err_set(err, ERR_NOT_FOUND, "'%s' has no %.200s", t->name, path);
    if (m->size > out->limit)
        return err_set(err, ERR_LIMIT, "'%s': %s has %llu bytes, at most %zu are read", t->name,
                       m->path, (unsigned long long)m->size, out->limit);
    return tar_index_stream(t, m, &sink, err);
}

/* ---- indexing ---- */

struct run {
    struct tar_index *index;
    struct limits limits;
    uint64_t offset; /* of what is pushed next */
};

/* A link's target as a path of the archive: beside the link, or from the root when hard.  Above the
 * root there is only the root. */
static char *
link_path(const char *path, const struct tar_read_entry *e)
{
    struct str folder = e->type == TAR_READ_SYMLINK ? path_folder(path) : STR_LIT("");
    cleanup_free char *whole = mem_printf(STR_FMT "/%s", STR_ARG(folder), e->target);

    return path_clean(str_from(whole));
}

static int
take_member(void *ctx, const struct tar_read_entry *e, struct err *err)
{
    struct run *run = ctx;
    struct tar_index *t = run->index;
    bool link = e->type == TAR_READ_SYMLINK || e->type == TAR_READ_HARDLINK;
    char *path;

    if (limits_count_entry(&run->limits, err) < 0)
        return -1;
    if (e->type == TAR_READ_FOLDER)
        return 0;
    if (!link && e->type != TAR_READ_FILE)
        return err_set(err, ERR_INVALID, "'%.200s' is neither a file nor a folder", e->path);
    path = layer_read_clean(e->path, &run->limits, err);
    if (path == NULL)
        return err_wrap(err, "'%.200s'", e->path);
    if (t->n == t->cap) {
        t->cap = t->cap * 2 + 64;
        t->v = mem_realloc(t->v, t->cap, sizeof(*t->v));
    }
    t->v[t->n++] =
        (struct tar_member){path, link ? link_path(path, e) : NULL, run->offset, e->size};
    return 0;
}

/* Pushes block by block, so that the place of a content is known when its header is over, and leaps
 * over contents. */
static int
push(struct run *run, struct tar_read *tar, uint64_t size, struct err *err)
{
    enum { BLOCK = 512 };
    cleanup_free char *step = mem_alloc(STEP);

    while (run->offset < size) {
        uint64_t left = tar_read_content_left(tar);
        ptrdiff_t got;

        if (left > 0 && left > size - run->offset)
            return err_set(err, ERR_INVALID, "the tar is cut short");
        run->offset += left;
        tar_read_skip(tar, left);
        if (run->offset >= size)
            break;
        got = read_at(run->index, step, BLOCK, run->offset, err);
        if (got < 0 || interrupt_check(err) < 0)
            return -1;
        if (got == 0)
            break;
        run->offset += (uint64_t)got;
        if (tar_read_write(tar, step, (size_t)got, err) < 0)
            return -1;
        if (tar_read_has_end(tar))
            return 0;
    }
    return tar_read_finish(tar, err);
}

static int
compare(const void *a, const void *b)
{
    return strcmp(((const struct tar_member *)a)->path, ((const struct tar_member *)b)->path);
}

static int
sort(struct tar_index *t, struct err *err)
{
    if (t->n > 1)
        qsort(t->v, t->n, sizeof(*t->v), compare);
    for (size_t i = 1; i < t->n; i++)
        if (strcmp(t->v[i - 1].path, t->v[i].path) == 0)
            return err_set(err, ERR_INVALID, "'%.200s' is there twice", t->v[i].path);
    return 0;
}

static int
refuse_compressed(const struct tar_index *t, struct err *err)
{
    unsigned char magic[INFLATE_MAGIC];
    ptrdiff_t n = read_at(t, magic, sizeof(magic), 0, err);
    enum inflate_kind kind;

    if (n < 0)
        return -1;
    if (inflate_detect(magic, (size_t)n, &kind, err) < 0 || kind != INFLATE_NONE)
        return err_set(err, ERR_UNSUPPORTED,
                       "the archive is compressed as a whole; decompress it first (%s)",
                       n >= 4 && magic[0] == 0x28   ? "zstd -d"
                       : n >= 1 && magic[0] == 0x1F ? "gzip -d"
                       : n >= 1 && magic[0] == 'B'  ? "bzip2 -d"
                                                    : "xz -d");
    return 0;
}

static int
read_index(struct tar_index *t, struct err *err)
{
    struct run run = {t, {.entries = TAR_INDEX_MEMBERS_MAX}, 0};
    const struct tar_read_visitor v = {take_member, NULL, &run};
    cleanup_tar_read struct tar_read *tar = tar_read_new(&v, META_MAX);
    struct stat st;

    limits_fill(&run.limits);
    if (fstat(t->fd, &st) < 0)
        return err_sys(err, "read it");
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_INVALID, "no regular file");
    if (refuse_compressed(t, err) < 0 || push(&run, tar, (uint64_t)st.st_size, err) < 0)
        return -1;
    return sort(t, err);
}

int
tar_index_read(int fd, const char *name, struct tar_index *out, struct err *err)
{
    cleanup_tar_index struct tar_index t = TAR_INDEX_INIT;

    t.fd = fd;
    t.name = mem_strdup(name);
    if (read_index(&t, err) < 0)
        return err_wrap(err, "'%s'", name);
    *out = t;
    t = (struct tar_index)TAR_INDEX_INIT;
    return 0;
}

const struct tar_member *
tar_index_find(const struct tar_index *t, const char *path)
{
    struct tar_member key = {.path = (char *)path};

    for (int links = 0; links < TAR_INDEX_LINKS_MAX && t->n > 0; links++) {
        const struct tar_member *m = bsearch(&key, t->v, t->n, sizeof(*t->v), compare);

        if (m == NULL || m->link == NULL)
            return m;
        key.path = m->link;
    }
    return NULL;
}
