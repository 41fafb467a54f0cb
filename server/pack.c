/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pack.h"

#include <endian.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "server/http_accept.h"
#include "server/http_chars.h"
#include "server/static_open.h"

const char pack_magic[8] = {'B', 'E', 'R', 'T', 'H', 'P', 'K', '\n'};

/* 2^88 + 0x13b, and the offset basis. */
#define FNV128_PRIME ((pack_digest_t)1 << 88 | 0x13b)
const pack_digest_t pack_digest_start =
    (pack_digest_t)0x6c62272e07bb0142 << 64 | 0x62b821756295c58d;

pack_digest_t
pack_digest_add(pack_digest_t d, const void *p, size_t n)
{
    const unsigned char *bytes = p;

    for (size_t i = 0; i < n; i++)
        d = (d ^ bytes[i]) * FNV128_PRIME;
    return d;
}

void
pack_digest_bytes(pack_digest_t d, uint8_t out[PACK_DIGEST])
{
    for (int i = PACK_DIGEST - 1; i >= 0; i--) {
        out[i] = (uint8_t)d;
        d >>= 8;
    }
}

uint64_t
pack_check(const char *p, size_t n)
{
    uint64_t h = 0xcbf29ce484222325;

    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)p[i]) * 0x100000001b3;
    return h;
}

uint64_t
pack_aligned(uint64_t at, uint64_t size)
{
    uint64_t to = size < PACK_ALIGN_LARGE ? PACK_ALIGN : PACK_ALIGN_LARGE;

    return (at + to - 1) / to * to;
}

static uint32_t
get32(const char *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return le32toh(v);
}

static uint64_t
get64(const char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return le64toh(v);
}

static bool
is_zero(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != '\0')
            return false;
    }
    return true;
}

static int
compare_paths(const char *a, size_t a_n, const char *b, size_t b_n)
{
    int order = memcmp(a, b, a_n < b_n ? a_n : b_n);

    return order != 0 ? order : (a_n > b_n) - (a_n < b_n);
}

/* ---- reading: every number is checked before it is used ---- */

struct reader {
    struct pack *pack;
    uint64_t text_n, text_at; /* of the text, and where the next file's begins */
    uint64_t end;             /* of the contents so far */
};

static int
broken(struct err *err, const char *what)
{
    return err_set(err, ERR_INVALID, "the archive is broken: %s", what);
}

static int
read_header(struct reader *r, struct err *err)
{
    struct pack *p = r->pack;
    const char *h = p->bytes;
    uint64_t records, size;

    if (p->size < PACK_HEADER || memcmp(h, pack_magic, sizeof(pack_magic)) != 0)
        return err_set(err, ERR_INVALID, "this is no archive of berthd --pack");
    if (get32(h + 8) != PACK_VERSION)
        return err_set(err, ERR_UNSUPPORTED,
                       "an archive of version %" PRIu32 ", not %d: pack again", get32(h + 8),
                       PACK_VERSION);
    size = get64(h + 24);
    if (size != p->size)
        return err_set(err, ERR_INVALID,
                       "the archive is broken: it has %zu bytes instead of %" PRIu64, p->size,
                       size);
    p->n = get32(h + 12);
    records = (uint64_t)p->n * PACK_RECORD;
    r->text_n = get64(h + 16);
    if (records > p->size - PACK_HEADER || r->text_n > p->size - PACK_HEADER - records)
        return broken(err, "its index is longer than it");
    if (!is_zero(h + 40, PACK_HEADER - 40))
        return broken(err, "its header");
    if (pack_check(h + PACK_HEADER, (size_t)(records + r->text_n)) != get64(h + 32))
        return broken(err, "its index does not match its check");
    r->end = PACK_HEADER + records + r->text_n;
    return 0;
}

/* A NUL-terminated string of n bytes at the text's next place, or NULL. */
static const char *
next_text(struct reader *r, uint32_t n)
{
    const char *s = r->pack->text + r->text_at;

    if (n >= r->text_n - r->text_at || memchr(s, '\0', (size_t)n + 1) != s + n)
        return NULL;
    r->text_at += (uint64_t)n + 1;
    return s;
}

static int
read_names(struct reader *r, uint32_t i, const char *record, struct err *err)
{
    struct pack_file *f = &r->pack->files[i];
    const struct pack_file *before = i > 0 ? f - 1 : NULL;

    f->path_n = get32(record);
    f->path = next_text(r, get32(record));
    if (f->path == NULL || !static_open_allowed((struct str){f->path, f->path_n}))
        return broken(err, "the name of a file");
    if (before != NULL && compare_paths(before->path, before->path_n, f->path, f->path_n) >= 0)
        return broken(err, "the order of its files");
    f->type = next_text(r, get32(record + 4));
    if (f->type == NULL || f->type[0] == '\0' ||
        !http_chars_all(str_from(f->type), HTTP_CHAR_VALUE))
        return broken(err, "the type of a file");
    return 0;
}

static int
read_content(struct reader *r, uint32_t i, const char *record, struct err *err)
{
    struct pack_file *f = &r->pack->files[i];

    f->at = get64(record + 24);
    f->size = get64(record + 32);
    memcpy(f->digest, record + 40, PACK_DIGEST);
    /* No sum can overflow: end is at most the archive's size, and at equals a value near it. */
    if (f->at != pack_aligned(r->end, f->size) || f->at > r->pack->size ||
        f->size > r->pack->size - f->at)
        return broken(err, "the place of a content");
    r->end = f->at + f->size;
    if (!is_zero(record + 20, 4) || !is_zero(record + 56, 8))
        return broken(err, "a file's record");
    return 0;
}

/* After all names are known. */
static int
read_coded(struct reader *r, uint32_t i, const char *record, struct err *err)
{
    struct pack_file *f = &r->pack->files[i];

    for (unsigned k = 0; k < PACK_CODED; k++) {
        const char *suffix = http_coding_suffixes[HTTP_CODING_IDENTITY + 1 + k];
        const struct pack_file *other;

        f->coded[k] = get32(record + 8 + (size_t)k * 4);
        if (f->coded[k] == 0)
            continue;
        if (f->coded[k] > r->pack->n)
            return broken(err, "a compressed file's place");
        other = &r->pack->files[f->coded[k] - 1];
        if (other->path_n != f->path_n + strlen(suffix) ||
            memcmp(other->path, f->path, f->path_n) != 0 ||
            strcmp(other->path + f->path_n, suffix) != 0)
            return broken(err, "a compressed file's name");
    }
    return 0;
}

static int
read_index(struct reader *r, struct err *err)
{
    struct pack *p = r->pack;
    const char *records = p->bytes + PACK_HEADER;
    cleanup_free char *copy = mem_realloc(NULL, (size_t)p->n + 1, PACK_RECORD);

    /* Both are read from copies: the file might be changed while it is looked at. */
    memcpy(copy, records, (size_t)p->n * PACK_RECORD);
    p->text = mem_realloc(NULL, (size_t)r->text_n + 1, 1);
    memcpy(p->text, records + (size_t)p->n * PACK_RECORD, (size_t)r->text_n);
    p->files = mem_alloc(((size_t)p->n + 1) * sizeof(*p->files));
    for (uint32_t i = 0; i < p->n; i++) {
        const char *record = copy + (size_t)i * PACK_RECORD;

        if (read_names(r, i, record, err) < 0 || read_content(r, i, record, err) < 0)
            return -1;
    }
    for (uint32_t i = 0; i < p->n; i++) {
        if (read_coded(r, i, copy + (size_t)i * PACK_RECORD, err) < 0)
            return -1;
    }
    if (r->text_at != r->text_n || r->end != p->size)
        return broken(err, "there is more in it than its files");
    return 0;
}

static int
read_pack(struct pack *p, struct err *err)
{
    struct reader r = {.pack = p};

    return read_header(&r, err) < 0 ? -1 : read_index(&r, err);
}

struct pack *
pack_parse(const char *bytes, size_t size, struct err *err)
{
    struct pack *p = mem_alloc(sizeof(*p));

    *p = (struct pack){.bytes = bytes, .size = size, .fd = -1};
    if (read_pack(p, err) == 0)
        return p;
    pack_close(p);
    return NULL;
}

static int
map(struct pack *p, const char *path, struct err *err)
{
    struct stat st;
    void *bytes;

    p->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (p->fd < 0 || fstat(p->fd, &st) < 0)
        return err_sys(err, "not opened");
    if (st.st_size < PACK_HEADER)
        return err_set(err, ERR_INVALID, "this is no archive of berthd --pack");
    if ((uint64_t)st.st_size > SIZE_MAX)
        return err_set(err, ERR_LIMIT, "the archive is too large for this machine");
    bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, p->fd, 0);
    if (bytes == MAP_FAILED)
        return err_sys(err, "mmap");
    p->bytes = bytes;
    p->size = (size_t)st.st_size;
    p->mapped = true;
    return 0;
}

struct pack *
pack_open(const char *path, struct err *err)
{
    struct pack *p = mem_alloc(sizeof(*p));

    p->fd = -1;
    if (map(p, path, err) == 0 && read_pack(p, err) == 0)
        return p;
    pack_close(p);
    return NULL;
}

void
pack_close(struct pack *p)
{
    if (p == NULL)
        return;
    if (p->mapped)
        munmap((void *)(uintptr_t)p->bytes, p->size);
    cleanup_fdp(&p->fd);
    free(p->files);
    free(p->text);
    free(p);
}

/* The place of the first file that is not before the path. */
static uint32_t
lower_bound(const struct pack *p, struct str path)
{
    uint32_t low = 0, high = p->n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct pack_file *f = &p->files[middle];

        if (compare_paths(f->path, f->path_n, path.p, path.n) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool
pack_find(const struct pack *p, struct str path, uint32_t *at)
{
    *at = lower_bound(p, path);
    return *at < p->n && p->files[*at].path_n == path.n &&
           memcmp(p->files[*at].path, path.p, path.n) == 0;
}

bool
pack_has_folder(const struct pack *p, struct str path)
{
    /* Names that go on with a byte before '/' come in between. */
    for (uint32_t i = lower_bound(p, path); i < p->n; i++) {
        const struct pack_file *f = &p->files[i];

        if (f->path_n <= path.n || memcmp(f->path, path.p, path.n) != 0)
            return false;
        if (f->path[path.n] == '/')
            return true;
        if ((unsigned char)f->path[path.n] > '/')
            return false;
    }
    return false;
}
