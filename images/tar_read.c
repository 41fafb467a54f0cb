/* SPDX-License-Identifier: Apache-2.0 */
#include "images/tar_read.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "images/tar_pax.h"

enum { BLOCK = 512, PATH_ROOM = 155 + 1 + 100 + 1, LINK_ROOM = 101 };

/* Offset and length of a header's fields: POSIX ustar. */
struct field {
    unsigned at, n;
};

static const struct field NAME = {0, 100}, MODE = {100, 8}, UID = {108, 8}, GID = {116, 8},
                          SIZE = {124, 12}, MTIME = {136, 12}, CHECKSUM = {148, 8},
                          LINK = {157, 100}, MAGIC = {257, 8}, MAJOR = {329, 8}, MINOR = {337, 8},
                          PREFIX = {345, 155};

enum { TYPE_AT = 156 };

enum state { HEADER, CONTENT, META, TRAILER };

struct tar_read {
    struct tar_read_visitor visitor;
    enum state state;
    char header[BLOCK];
    size_t header_n;
    uint64_t left;    /* of a file's content, or of what is read into meta */
    uint64_t padding; /* that follows it */
    char meta_type;   /* x, g, L or K */
    struct buf meta;
    struct tar_pax pax; /* of the next entry */
    bool ended, trailer;
};

struct tar_read *
tar_read_new(const struct tar_read_visitor *v, size_t meta_max)
{
    struct tar_read *t = mem_alloc(sizeof(*t));

    t->visitor = *v;
    t->meta = (struct buf)BUF_INIT(meta_max);
    return t;
}

void
tar_read_free(struct tar_read *t)
{
    if (t == NULL)
        return;
    buf_done(&t->meta);
    tar_pax_done(&t->pax);
    free(t);
}

void
tar_read_freep(struct tar_read **t)
{
    tar_read_free(*t);
}

uint64_t
tar_read_content_left(const struct tar_read *t)
{
    return t->state == CONTENT ? t->left + t->padding : 0;
}

bool
tar_read_has_trailer(const struct tar_read *t)
{
    return t->trailer;
}

bool
tar_read_has_end(const struct tar_read *t)
{
    return t->ended;
}

/* ---- numbers ---- */

/* GNU's base 256: the first bit is set, the second is the sign. */
static int
base256(const unsigned char *p, unsigned n, int64_t *out)
{
    bool negative = (p[0] & 0x40) != 0;
    uint64_t v = negative ? UINT64_MAX : 0;

    for (unsigned i = 0; i < n; i++) {
        unsigned char c = i == 0 ? (unsigned char)((p[0] & 0x7F) | (negative ? 0x80 : 0)) : p[i];

        if ((v >> 55) != (negative ? 0x1FFU : 0U))
            return -1;
        v = v << 8 | c;
    }
    *out = (int64_t)v;
    return (*out < 0) == negative ? 0 : -1;
}

static int
number(const struct tar_read *t, struct field f, int64_t min, int64_t max, const char *what,
       int64_t *out, struct err *err)
{
    const char *p = t->header + f.at;
    struct str text = {p, strnlen(p, f.n)};
    uint64_t v;

    if (((unsigned char)p[0] & 0x80) != 0) {
        if (base256((const unsigned char *)p, f.n, out) < 0 || *out > max)
            return err_set(err, ERR_INVALID, "a header's %s is too large", what);
        if (*out < min)
            return err_set(err, ERR_INVALID, "a header's %s is negative", what);
        return 0;
    }
    text = str_trim(text);
    if (text.n == 0) {
        *out = 0;
        return 0;
    }
    if (!num_parse_octal(text, (uint64_t)max, &v))
        return err_set(err, ERR_INVALID, "a header's %s is no number", what);
    *out = (int64_t)v;
    return 0;
}

/* Bytes were signed for some old writers. */
static int
check_sum(const struct tar_read *t, struct err *err)
{
    int64_t want, sum = 0, signed_sum = 0;

    if (number(t, CHECKSUM, 0, 1 << 20, "checksum", &want, err) < 0)
        want = -1;
    for (unsigned i = 0; i < BLOCK; i++) {
        bool inside = i - CHECKSUM.at < CHECKSUM.n;
        unsigned char c = inside ? ' ' : (unsigned char)t->header[i];

        sum += c;
        signed_sum += (signed char)c;
    }
    if (want != sum && want != signed_sum)
        return err_set(err, ERR_INVALID, "no tar, or damaged: a header's checksum is wrong");
    return 0;
}

/* ---- an entry ---- */

static bool
is_ustar(const struct tar_read *t)
{
    /* GNU's magic is "ustar  ": its prefix field means something else. */
    return memcmp(t->header + MAGIC.at, "ustar\0", 6) == 0;
}

static void
read_text(const struct tar_read *t, struct field f, char *out)
{
    size_t n = strnlen(t->header + f.at, f.n);

    memcpy(out, t->header + f.at, n);
    out[n] = '\0';
}

static void
read_path(const struct tar_read *t, char out[PATH_ROOM])
{
    size_t n = 0;

    if (is_ustar(t) && t->header[PREFIX.at] != '\0') {
        read_text(t, PREFIX, out);
        n = strlen(out);
        out[n++] = '/';
    }
    read_text(t, NAME, out + n);
}

static int
read_type(const struct tar_read *t, const char *path, enum tar_read_type *out, struct err *err)
{
    static const char letters[] = "01234567";
    char c = t->header[TYPE_AT];
    bool slash = path[0] != '\0' && path[strlen(path) - 1] == '/';
    const char *at;

    if (c == '\0') { /* v7 knew folders by their slash */
        *out = slash ? TAR_READ_FOLDER : TAR_READ_FILE;
        return 0;
    }
    if (c == 'S')
        return err_set(err, ERR_UNSUPPORTED, "sparse files in layers are not offered");
    at = strchr(letters, c);
    if (at == NULL)
        return err_set(err, ERR_UNSUPPORTED, "an entry of the unknown type 0x%02x",
                       (unsigned)(unsigned char)c);
    *out = c == '7' ? TAR_READ_FILE : (enum tar_read_type)(at - letters);
    if (slash && *out != TAR_READ_FOLDER)
        return err_set(err, ERR_INVALID, "a slash ends the name of what is no folder");
    return 0;
}

/* Readers that know pax and such that do not must find the next header at the same place. */
static int
read_size(const struct tar_read *t, enum tar_read_type type, uint64_t *out, struct err *err)
{
    int64_t size = 0;

    if (number(t, SIZE, 0, INT64_MAX, "size", &size, err) < 0)
        return -1;
    if (t->pax.has_size && t->pax.size != (uint64_t)size && t->pax.size <= 077777777777)
        return err_set(err, ERR_INVALID,
                       "sizes disagree: %llu in the header, %llu in the extended one",
                       (unsigned long long)size, (unsigned long long)t->pax.size);
    *out = t->pax.has_size ? t->pax.size : (uint64_t)size;
    if (type != TAR_READ_FILE && *out != 0)
        return err_set(err, ERR_INVALID, "a size of %llu for what has no content",
                       (unsigned long long)*out);
    return 0;
}

static int
read_numbers(const struct tar_read *t, struct tar_read_entry *e, struct err *err)
{
    const struct tar_pax *p = &t->pax;
    int64_t mode = 0, uid = 0, gid = 0, major = 0, minor = 0;

    if (number(t, MODE, 0, INT64_MAX, "mode", &mode, err) < 0 ||
        (!p->has_uid && number(t, UID, 0, UINT32_MAX - 1, "uid", &uid, err) < 0) ||
        (!p->has_gid && number(t, GID, 0, UINT32_MAX - 1, "gid", &gid, err) < 0) ||
        (!p->has_mtime && number(t, MTIME, -(1LL << 55), 1LL << 55, "time", &e->mtime, err) < 0))
        return -1;
    e->mode = (unsigned)mode & 07777;
    e->uid = p->has_uid ? (uint32_t)p->uid : (uint32_t)uid;
    e->gid = p->has_gid ? (uint32_t)p->gid : (uint32_t)gid;
    if (p->has_mtime) {
        e->mtime = p->mtime;
        e->mtime_ns = p->mtime_ns;
    }
    if (e->type != TAR_READ_CHAR && e->type != TAR_READ_BLOCK)
        return 0;
    if (number(t, MAJOR, 0, UINT32_MAX, "device number", &major, err) < 0 ||
        number(t, MINOR, 0, UINT32_MAX, "device number", &minor, err) < 0)
        return -1;
    e->major = (uint32_t)major;
    e->minor = (uint32_t)minor;
    return 0;
}

static void
begin_content(struct tar_read *t, uint64_t size, enum state state)
{
    t->left = size;
    t->padding = (BLOCK - size % BLOCK) % BLOCK;
    t->state = size > 0 ? state : HEADER;
}

static int
read_entry(struct tar_read *t, struct err *err)
{
    char path[PATH_ROOM], target[LINK_ROOM];
    struct tar_read_entry e = {.xattrs = t->pax.xattrs, .n_xattrs = t->pax.n_xattrs};

    read_path(t, path);
    read_text(t, LINK, target);
    e.path = t->pax.path != NULL ? t->pax.path : path;
    if (read_type(t, e.path, &e.type, err) < 0 || read_size(t, e.type, &e.size, err) < 0 ||
        read_numbers(t, &e, err) < 0)
        return err_wrap(err, "'%s'", e.path);
    if (e.type == TAR_READ_HARDLINK || e.type == TAR_READ_SYMLINK)
        e.target = t->pax.target != NULL ? t->pax.target : target;
    if (t->visitor.entry(t->visitor.ctx, &e, err) < 0)
        return -1;
    tar_pax_done(&t->pax);
    begin_content(t, e.size, CONTENT);
    return 0;
}

/* ---- the stream ---- */

static int
begin_meta(struct tar_read *t, char type, struct err *err)
{
    int64_t size = 0;

    if (number(t, SIZE, 0, INT64_MAX, "size", &size, err) < 0)
        return -1;
    if ((uint64_t)size > t->meta.limit)
        return err_set(err, ERR_LIMIT,
                       "an extended header of %lld bytes, at most %zu are read: --max-pax raises "
                       "the limit",
                       (long long)size, t->meta.limit);
    t->meta_type = type;
    buf_clear(&t->meta);
    if (size == 0)
        return err_set(err, ERR_INVALID, "an extended header is empty");
    begin_content(t, (uint64_t)size, META);
    return 0;
}

static int
end_meta(struct tar_read *t, struct err *err)
{
    struct str text = buf_view(&t->meta);

    switch (t->meta_type) {
    case 'x':
        return tar_pax_parse(&t->pax, text, err);
    case 'g':
        return tar_pax_check_global(text, err);
    case 'L':
        return tar_pax_long_name(text, &t->pax.path, err);
    default:
        return tar_pax_long_name(text, &t->pax.target, err);
    }
}

static bool
is_zero(const char *p, size_t n)
{
    return n == 0 || (p[0] == '\0' && memcmp(p, p + 1, n - 1) == 0);
}

static int
end_header(struct tar_read *t, struct err *err)
{
    char type = t->header[TYPE_AT];

    t->header_n = 0;
    if (is_zero(t->header, BLOCK)) {
        t->ended = true;
        t->state = TRAILER;
        return 0;
    }
    if (check_sum(t, err) < 0)
        return -1;
    if (type == 'x' || type == 'g' || type == 'L' || type == 'K')
        return begin_meta(t, type, err);
    return read_entry(t, err);
}

static size_t
smaller(uint64_t a, size_t b)
{
    return a < b ? (size_t)a : b;
}

/* Takes what belongs to the current content, then its padding; returns how much, or -1. */
static ptrdiff_t
take_content(struct tar_read *t, const char *p, size_t n, struct err *err)
{
    size_t step = smaller(t->left, n);

    if (step == 0) {
        step = smaller(t->padding, n);
        t->padding -= step;
    } else {
        t->left -= step;
        if (t->state == META)
            buf_append(&t->meta, p, step);
        else if (t->visitor.data != NULL && t->visitor.data(t->visitor.ctx, p, step, err) < 0)
            return -1;
    }
    if (t->left > 0 || t->padding > 0)
        return (ptrdiff_t)step;
    if (t->state == META && end_meta(t, err) < 0)
        return -1;
    t->state = HEADER;
    return (ptrdiff_t)step;
}

int
tar_read_write(void *ctx, const void *p, size_t n, struct err *err)
{
    struct tar_read *t = ctx;
    const char *at = p;

    while (n > 0) {
        ptrdiff_t step = (ptrdiff_t)n;

        if (t->state == CONTENT || t->state == META) {
            step = take_content(t, at, n, err);
            if (step < 0)
                return -1;
        } else if (t->state == TRAILER) {
            t->trailer |= !is_zero(at, n);
        } else {
            step = (ptrdiff_t)smaller(BLOCK - t->header_n, n);
            memcpy(t->header + t->header_n, at, (size_t)step);
            t->header_n += (size_t)step;
            if (t->header_n == BLOCK && end_header(t, err) < 0)
                return -1;
        }
        at += step;
        n -= (size_t)step;
    }
    return 0;
}

void
tar_read_skip(struct tar_read *t, uint64_t n)
{
    uint64_t content = n < t->left ? n : t->left;

    t->left -= content;
    t->padding -= n - content;
    if (t->left == 0 && t->padding == 0)
        t->state = HEADER;
}

int
tar_read_finish(struct tar_read *t, struct err *err)
{
    /* The padding of the last entry is missing in some writers' archives, and nobody misses it. */
    if (t->header_n > 0 || (t->state != TRAILER && t->left > 0) || t->state == META)
        return err_set(err, ERR_INVALID, "the tar is cut short");
    if (t->pax.any || t->pax.path != NULL || t->pax.target != NULL)
        return err_set(err, ERR_INVALID, "an extended header without its entry");
    return 0;
}
