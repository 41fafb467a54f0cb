/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pack_write.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "server/http_accept.h"
#include "server/mime.h"
#include "server/pack.h"
#include "server/static_open.h"

enum { BLOCK = 128 * 1024, FILES_MAX = 1000000 };

struct item {
    char *path;
    size_t path_n;
    uint64_t size;
    struct timespec modified;
    uint32_t coded[PACK_CODED];
    uint8_t digest[PACK_DIGEST];
};

struct maker {
    const char *folder;
    int fd;
    const struct stat *output; /* the file that is replaced, or NULL */
    struct item *items;
    size_t n;
    char **folders; /* relative, that are still to be read */
    size_t n_folders;
    char *block;
};

static void
maker_done(struct maker *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->items[i].path);
    free(m->items);
    for (size_t i = 0; i < m->n_folders; i++)
        free(m->folders[i]);
    free(m->folders);
    free(m->block);
    cleanup_fdp(&m->fd);
}

#define cleanup_maker __attribute__((cleanup(maker_done)))

static int
add_folder(struct maker *m, const char *path, struct err *err)
{
    if (strlen(path) >= PATH_MAX)
        return err_set(err, ERR_LIMIT, "'%s': the path is too long", path);
    m->folders = mem_realloc(m->folders, m->n_folders + 1, sizeof(*m->folders));
    m->folders[m->n_folders++] = mem_strdup(path);
    return 0;
}

static int
add_file(struct maker *m, const char *path, const struct stat *st, struct err *err)
{
    if (m->output != NULL && m->output->st_dev == st->st_dev && m->output->st_ino == st->st_ino)
        return err_set(err, ERR_USAGE, "'%s' is the archive itself: write it to another folder",
                       path);
    if (m->n == FILES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d files", FILES_MAX);
    m->items = mem_realloc(m->items, m->n + 1, sizeof(*m->items));
    m->items[m->n++] = (struct item){.path = mem_strdup(path),
                                     .path_n = strlen(path),
                                     .size = (uint64_t)st->st_size,
                                     .modified = st->st_mtim};
    return 0;
}

/* A link to a file is that file, as it is for --static; one to a folder might lead in a circle. */
static int
add_link(struct maker *m, const char *path, struct err *err)
{
    cleanup_fd int fd = static_open(m->fd, path);
    struct stat st;

    if (fd < 0)
        return err_sys(err, "'%s': a link that is not followed", path);
    if (fstat(fd, &st) < 0)
        return err_sys(err, "'%s'", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_UNSUPPORTED, "'%s': a link to what is no file", path);
    return add_file(m, path, &st, err);
}

static int
add(struct maker *m, const char *path, struct err *err)
{
    struct stat st;

    if (fstatat(m->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_sys(err, "'%s'", path);
    if (S_ISDIR(st.st_mode))
        return add_folder(m, path, err);
    if (S_ISLNK(st.st_mode))
        return add_link(m, path, err);
    if (S_ISREG(st.st_mode))
        return add_file(m, path, &st, err);
    return err_set(err, ERR_UNSUPPORTED, "'%s' is neither a file nor a folder", path);
}

static void
close_dir(DIR **dir)
{
    if (*dir != NULL)
        closedir(*dir);
}

static int
read_folder(struct maker *m, const char *path, struct err *err)
{
    int fd = openat(m->fd, path[0] != '\0' ? path : ".",
                    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    __attribute__((cleanup(close_dir))) DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *e;

    if (dir == NULL) {
        err_sys(err, "'%s'", path);
        cleanup_fdp(&fd);
        return -1;
    }
    while (errno = 0, (e = readdir(dir)) != NULL) {
        cleanup_free char *child = NULL;

        if (!static_open_allowed(str_from(e->d_name)))
            continue;
        child = path[0] != '\0' ? fs_join(path, e->d_name) : mem_strdup(e->d_name);
        if (add(m, child, err) < 0)
            return -1;
    }
    return errno == 0 ? 0 : err_sys(err, "'%s'", path);
}

static int
compare(const void *pa, const void *pb)
{
    /* strcmp() compares as unsigned char, and no path holds a NUL. */
    return strcmp(((const struct item *)pa)->path, ((const struct item *)pb)->path);
}

static int
find_files(struct maker *m, struct err *err)
{
    if (add_folder(m, "", err) < 0)
        return -1;
    while (m->n_folders > 0) {
        cleanup_free char *path = m->folders[--m->n_folders];

        if (read_folder(m, path, err) < 0)
            return -1;
    }
    if (m->n == 0)
        return err_set(err, ERR_INVALID, "there is no file to serve in it");
    qsort(m->items, m->n, sizeof(*m->items), compare);
    return 0;
}

static int
find_coded(struct maker *m, struct item *item, unsigned k, struct err *err)
{
    cleanup_free char *path =
        mem_printf("%s%s", item->path, http_coding_suffixes[HTTP_CODING_IDENTITY + 1 + k]);
    const struct item key = {.path = path};
    const struct item *found = bsearch(&key, m->items, m->n, sizeof(*m->items), compare);

    if (found == NULL)
        return 0;
    if (found->modified.tv_sec < item->modified.tv_sec ||
        (found->modified.tv_sec == item->modified.tv_sec &&
         found->modified.tv_nsec < item->modified.tv_nsec))
        return err_set(err, ERR_INVALID, "'%s' is older than '%s': compress it again", path,
                       item->path);
    item->coded[k] = (uint32_t)(found - m->items) + 1;
    return 0;
}

/* Reads the content, through to out when there is one. */
static int
copy_content(struct maker *m, const struct item *item, const struct fs_stage *out,
             uint8_t digest[PACK_DIGEST], struct err *err)
{
    cleanup_fd int fd = static_open(m->fd, item->path);
    pack_digest_t d = pack_digest_start;
    uint64_t at = 0;
    ssize_t n;

    if (fd < 0)
        return err_sys(err, "'%s'", item->path);
    while ((n = read(fd, m->block, BLOCK)) != 0) {
        if (n < 0)
            return err_sys(err, "'%s'", item->path);
        at += (uint64_t)n;
        if (at > item->size)
            break;
        d = pack_digest_add(d, m->block, (size_t)n);
        if (out != NULL && fs_write_fd(out->fd, out->path, m->block, (size_t)n, err) < 0)
            return -1;
    }
    if (at != item->size)
        return err_set(err, ERR_INVALID, "'%s' changes while it is read", item->path);
    pack_digest_bytes(d, digest);
    return 0;
}

static void
put32(struct buf *out, uint32_t v)
{
    v = htole32(v);
    buf_append(out, &v, sizeof(v));
}

static void
put64(struct buf *out, uint64_t v)
{
    v = htole64(v);
    buf_append(out, &v, sizeof(v));
}

/* Where the contents end. */
static uint64_t
write_records(const struct maker *m, uint64_t end, struct buf *out)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct item *item = &m->items[i];
        uint64_t at = pack_aligned(end, item->size);

        put32(out, (uint32_t)item->path_n);
        put32(out, (uint32_t)strlen(mime_of((struct str){item->path, item->path_n})));
        for (unsigned k = 0; k < PACK_CODED; k++)
            put32(out, item->coded[k]);
        put32(out, 0);
        put64(out, at);
        put64(out, item->size);
        buf_append(out, item->digest, PACK_DIGEST);
        put64(out, 0);
        end = at + item->size;
    }
    return end;
}

static uint64_t
text_size(const struct maker *m)
{
    uint64_t n = 0;

    for (size_t i = 0; i < m->n; i++)
        n += m->items[i].path_n + strlen(mime_of(str_from(m->items[i].path))) + 2;
    return n;
}

static uint64_t
write_index(const struct maker *m, struct buf *out)
{
    uint64_t text_n = text_size(m);
    uint64_t begin = PACK_HEADER + m->n * PACK_RECORD + text_n;
    cleanup_buf struct buf index = BUF_INIT(SIZE_MAX / 2);
    uint64_t end = write_records(m, begin, &index);

    for (size_t i = 0; i < m->n; i++) {
        const char *type = mime_of(str_from(m->items[i].path));

        buf_append(&index, m->items[i].path, m->items[i].path_n + 1);
        buf_append(&index, type, strlen(type) + 1);
    }
    buf_append(out, pack_magic, sizeof(pack_magic));
    put32(out, PACK_VERSION);
    put32(out, (uint32_t)m->n);
    put64(out, text_n);
    put64(out, end);
    put64(out, pack_check(index.p, index.n));
    while (out->n < PACK_HEADER)
        put64(out, 0);
    buf_append_view(out, buf_view(&index));
    return end;
}

static int
write_contents(struct maker *m, uint64_t at, const struct fs_stage *out, struct err *err)
{
    static const char zeros[PACK_ALIGN_LARGE];

    for (size_t i = 0; i < m->n; i++) {
        const struct item *item = &m->items[i];
        uint64_t to = pack_aligned(at, item->size);
        uint8_t digest[PACK_DIGEST];

        if (fs_write_fd(out->fd, out->path, zeros, (size_t)(to - at), err) < 0 ||
            copy_content(m, item, out, digest, err) < 0)
            return -1;
        if (memcmp(digest, item->digest, PACK_DIGEST) != 0)
            return err_set(err, ERR_INVALID, "'%s' changes while it is read", item->path);
        at = to + item->size;
    }
    return 0;
}

static int
open_maker(struct maker *m, const char *path, struct stat *st, struct err *err)
{
    m->fd = open(m->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (m->fd < 0)
        return err_sys(err, "not opened");
    if (strcmp(path, "-") != 0 && stat(path, st) == 0 && S_ISREG(st->st_mode))
        m->output = st;
    m->block = mem_realloc(NULL, BLOCK, 1);
    return 0;
}

static int
prepare(struct maker *m, struct err *err)
{
    if (find_files(m, err) < 0)
        return -1;
    for (size_t i = 0; i < m->n; i++) {
        struct item *item = &m->items[i];

        for (unsigned k = 0; k < PACK_CODED; k++) {
            if (find_coded(m, item, k, err) < 0)
                return -1;
        }
        if (copy_content(m, item, NULL, item->digest, err) < 0)
            return -1;
    }
    return 0;
}

int
pack_write(const char *folder, const char *path, struct pack_made *made, struct err *err)
{
    cleanup_maker struct maker m = {.folder = folder, .fd = -1};
    cleanup_buf struct buf head = BUF_INIT(SIZE_MAX / 2);
    cleanup_fs_stage struct fs_stage stage = FS_STAGE_INIT;
    struct stat st;
    uint64_t end;

    /* All is read before the output is begun, which may lie in the folder. */
    if (open_maker(&m, path, &st, err) < 0 || prepare(&m, err) < 0)
        return err_wrap(err, "%s", folder);
    end = write_index(&m, &head);
    if (fs_stage_open(&stage, path, 0644, err) < 0 ||
        fs_write_fd(stage.fd, path, head.p, head.n, err) < 0 ||
        write_contents(&m, head.n, &stage, err) < 0 || fs_stage_commit(&stage, err) < 0)
        return -1;
    *made = (struct pack_made){.files = m.n, .bytes = end};
    return 0;
}
