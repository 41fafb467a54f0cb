/* SPDX-License-Identifier: Apache-2.0 */
#include "images/layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/digest.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "images/blob.h"
#include "images/descriptor.h"
#include "images/image.h"
#include "images/index.h"
#include "images/sink.h"
#include "images/staging.h"
#include "json/json.h"

#define LAYOUT_FILE    "oci-layout"
#define LAYOUT_VERSION "1.0.0"
#define INDEX_FILE     "index.json"
#define BLOBS_FOLDER   "blobs/sha256"

enum { LAYOUT_FILE_MAX = 64 * 1024, LAYOUT_PIECE = 256 * 1024 };

static char *
blob_path(const char *dir, const char *hex)
{
    return mem_printf("%s/" BLOBS_FOLDER "/%s", dir, hex);
}

/* Stages text in dir and gives it a name there. */
static int
write_file(const char *dir, int lock, const char *name, const char *p, size_t n, struct err *err)
{
    cleanup_staged struct staged s = STAGED_INIT;
    cleanup_free char *path = fs_join(dir, name);

    if (staging_create_in(lock, dir, &s, err) < 0 || fs_write_fd(s.fd, s.name, p, n, err) < 0)
        return -1;
    return staging_publish(&s, path, err);
}

static int
not_regular(const char *path, struct err *err)
{
    return err_set(err, ERR_INVALID, "'%s' is no regular file: the layout is damaged", path);
}

/* Opening a named pipe that someone put into a layout would wait for ever. */
static int
read_regular(const char *path, struct buf *out, struct err *err)
{
    struct stat st;

    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return not_regular(path, err);
    return fs_read(path, out, err);
}

/* ---- what is there ---- */

static int
check_version(const char *dir, struct err *err)
{
    cleanup_free char *path = fs_join(dir, LAYOUT_FILE);
    cleanup_buf struct buf text = BUF_INIT(LAYOUT_FILE_MAX);
    cleanup_json struct json_t *doc = NULL;
    struct json_cur root, version;
    const char *v;

    if (read_regular(path, &text, err) < 0) {
        if (err->code == ERR_NOT_FOUND && fs_exists(dir))
            return err_set(err, ERR_INVALID, "'%s' is no OCI layout: it has no " LAYOUT_FILE, dir);
        return -1;
    }
    doc = json_parse(buf_view(&text), path, err);
    if (doc == NULL)
        return -1;
    root = json_root(doc);
    version = json_at(&root, "imageLayoutVersion");
    if (json_get_str(&version, &v, err) < 0)
        return err_wrap(err, "%s", path);
    if (strcmp(v, LAYOUT_VERSION) != 0)
        return err_set(err, ERR_UNSUPPORTED,
                       "%s: version '%s' of layouts is not known, only " LAYOUT_VERSION " is", path,
                       v);
    return 0;
}

struct json_t *
layout_read_index(const char *dir, bool may_be_new, struct err *err)
{
    cleanup_free char *path = fs_join(dir, INDEX_FILE);
    cleanup_buf struct buf text = BUF_INIT(LAYOUT_INDEX_MAX);

    if (check_version(dir, err) < 0)
        return NULL;
    if (read_regular(path, &text, err) < 0)
        return may_be_new && err->code == ERR_NOT_FOUND ? index_new() : NULL;
    return index_parse(buf_view(&text), path, err);
}

/* Nothing but what a killed run of ours leaves before it has made oci-layout. */
static int
check_empty(const char *dir, int lock, struct err *err)
{
    int fd = openat(lock, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *e;
    int done = 0;

    if (d == NULL) {
        err_sys(err, "read the folder '%s'", dir);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    while (done == 0 && (e = readdir(d)) != NULL)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
            !staging_is_name(e->d_name))
            done = err_set(err, ERR_EXISTS,
                           "'%s' holds '%s' and is no OCI layout: name another folder", dir,
                           e->d_name);
    closedir(d);
    return done;
}

/* ---- writing ---- */

static int
make_folder(const char *dir, const char *name, struct err *err)
{
    cleanup_free char *path = fs_join(dir, name);

    if (mkdir(path, 0777) < 0 && errno != EEXIST)
        return err_sys(err, "make the folder '%s'", path);
    return 0;
}

static int
fill_in(const char *dir, bool *filled, struct err *err)
{
    static const char version[] = "{\"imageLayoutVersion\":\"" LAYOUT_VERSION "\"}";
    cleanup_fd int lock = staging_lock(dir, err);
    cleanup_free char *file = fs_join(dir, LAYOUT_FILE);

    if (lock < 0)
        return -1;
    if (fs_exists(file)) {
        cleanup_json struct json_t *index = layout_read_index(dir, true, err);

        if (index == NULL)
            return -1;
    } else if (check_empty(dir, lock, err) < 0 ||
               write_file(dir, lock, LAYOUT_FILE, version, sizeof(version) - 1, err) < 0) {
        return -1;
    } else {
        *filled = true;
    }
    if (make_folder(dir, "blobs", err) < 0)
        return -1;
    return make_folder(dir, BLOBS_FOLDER, err);
}

static struct layout
take(struct layout *l)
{
    struct layout taken = *l;

    *l = (struct layout)LAYOUT_INIT;
    return taken;
}

int
layout_create(const char *dir, struct layout *out, struct err *err)
{
    cleanup_layout struct layout l = LAYOUT_INIT;
    struct stat st;

    if (mkdir(dir, 0777) == 0)
        l.made = true;
    else if (errno != EEXIST)
        return err_sys(err, "make the folder '%s'", dir);
    l.dir = mem_strdup(dir);
    if (stat(dir, &st) < 0)
        return err_sys(err, "read '%s'", dir);
    if (!S_ISDIR(st.st_mode))
        return err_set(err, ERR_EXISTS, "'%s' is a file: an OCI layout is a folder", dir);
    if (fill_in(dir, &l.filled, err) < 0)
        return -1;
    *out = take(&l);
    return 0;
}

/* Blobs that this run has brought, to be taken back when the index cannot be written. */
struct fresh {
    char **v;
    size_t n;
};

static int
publish_blob(struct layout *l, int lock, struct blob *b, struct fresh *fresh, struct err *err)
{
    cleanup_free char *path = blob_path(l->dir, blob_hex(b));
    bool was_there = fs_exists(path);
    int done;

    /* Also over one that is there: it should be the same bytes, and if not, these are right. */
    if (b->data != NULL)
        done = write_file(l->dir, lock, path + strlen(l->dir) + 1, b->data, b->size, err);
    else
        done = staging_publish(&b->file, path, err);
    if (done == 0 && !was_there)
        fresh->v[fresh->n++] = steal_ptr(&path);
    return done;
}

static int
publish_index(struct layout *l, int lock, const struct json_t *updated, struct err *err)
{
    cleanup_buf struct buf text = BUF_INIT(LAYOUT_INDEX_MAX);

    json_write(updated, JSON_SORTED, &text);
    if (buf_finish(&text, err) < 0)
        return err_wrap(err, "%s/" INDEX_FILE, l->dir);
    return write_file(l->dir, lock, INDEX_FILE, text.p, text.n, err);
}

static void
settle(struct layout *l, struct fresh *fresh, bool keep)
{
    for (size_t i = 0; i < fresh->n; i++) {
        if (!keep)
            unlink(fresh->v[i]);
        free(fresh->v[i]);
    }
    free(fresh->v);
    l->settled |= keep;
}

/* Under the lock.  The index is the one to be written. */
static int
publish(struct layout *l, int lock, struct blob *const *blobs, size_t n,
        const struct json_t *updated, struct err *err)
{
    struct fresh fresh = {mem_realloc(NULL, n + 1, sizeof(char *)), 0};
    int done = 0;

    for (size_t i = 0; done == 0 && i < n; i++)
        done = publish_blob(l, lock, blobs[i], &fresh, err);
    if (done == 0)
        done = publish_index(l, lock, updated, err);
    settle(l, &fresh, done == 0);
    return done;
}

int
layout_publish(struct layout *l, struct image *image, const char *tag, struct err *err)
{
    cleanup_fd int lock = staging_lock(l->dir, err);
    cleanup_json struct json_t *index = lock >= 0 ? layout_read_index(l->dir, true, err) : NULL;
    cleanup_json struct json_t *updated =
        index != NULL ? index_with(index, image, tag, NULL) : NULL;
    size_t n = image_blob_count(image);
    cleanup_free struct blob **blobs = mem_realloc(NULL, n, sizeof(struct blob *));

    if (updated == NULL)
        return -1;
    for (size_t i = 0; i < n; i++)
        blobs[i] = image_blob(image, i);
    return publish(l, lock, blobs, n, updated, err);
}

/* Whether the tag still stands for what the caller has seen. */
static int
check_expected(const struct json_t *index, const char *tag, const char *expected, struct err *err)
{
    struct err ignored = ERR_INIT;
    struct descriptor d = {.digest = ""};

    if (expected == NULL)
        return 0;
    if (index_find(index, tag, &d, &ignored) < 0)
        d.digest[0] = '\0';
    if (strcmp(d.digest, expected) == 0)
        return 0;
    return err_set(err, ERR_EXISTS, "the tag '%s' was given to another image meanwhile", tag);
}

int
layout_publish_blobs(struct layout *l, struct blob *const *blobs, size_t n, struct json_t *entry,
                     const char *tag, const char *expected, struct err *err)
{
    cleanup_fd int lock = staging_lock(l->dir, err);
    cleanup_json struct json_t *index = lock >= 0 ? layout_read_index(l->dir, true, err) : NULL;
    cleanup_json struct json_t *updated = NULL;

    if (index == NULL || check_expected(index, tag, expected, err) < 0) {
        json_free(entry);
        return -1;
    }
    updated = index_with_entry(index, entry, tag);
    return publish(l, lock, blobs, n, updated, err);
}

static int
hash(void *ctx, const void *p, size_t n, struct err *err UNUSED)
{
    digest_update(ctx, p, n);
    return 0;
}

bool
layout_has_blob(const char *dir, const char *digest, uint64_t size)
{
    cleanup_free char *path = blob_path(dir, digest + BLOB_HEX_OFFSET);
    cleanup_digest struct digest *d = digest_new();
    const struct sink sink = {hash, d};
    struct err ignored = ERR_INIT;
    char hex[DIGEST_SHA256_HEX];
    struct stat st;

    if (stat(path, &st) < 0 || (uint64_t)st.st_size != size ||
        layout_stream_blob(dir, digest, &sink, &ignored) < 0)
        return false;
    digest_finish_hex(d, hex);
    return strcmp(hex, digest + BLOB_HEX_OFFSET) == 0;
}

/* Somebody else is at work there. */
static bool
is_in_use(const char *dir)
{
    DIR *d = opendir(dir);
    const struct dirent *e;
    bool used = d == NULL;

    while (!used && (e = readdir(d)) != NULL)
        used = staging_is_name(e->d_name) || strcmp(e->d_name, INDEX_FILE) == 0;
    if (d != NULL)
        closedir(d);
    return used;
}

/* Removes what we made; what someone else has put something into stays. */
static void
unmake(const struct layout *l)
{
    struct err ignored = ERR_INIT;
    cleanup_fd int lock = staging_lock(l->dir, &ignored);
    cleanup_free char *sha256 = fs_join(l->dir, BLOBS_FOLDER);
    cleanup_free char *blobs = fs_join(l->dir, "blobs");
    cleanup_free char *file = fs_join(l->dir, LAYOUT_FILE);

    if (lock < 0 || is_in_use(l->dir))
        return;
    rmdir(sha256);
    if (rmdir(blobs) == 0 || errno == ENOENT)
        unlink(file);
    if (l->made)
        rmdir(l->dir);
}

void
layout_close(struct layout *l)
{
    int saved = errno;

    if (l->dir != NULL && (l->made || l->filled) && !l->settled)
        unmake(l);
    free(l->dir);
    *l = (struct layout)LAYOUT_INIT;
    errno = saved;
}

/* ---- reading ---- */

static int
copy_to(int fd, const char *path, const struct sink *out, struct err *err)
{
    cleanup_free char *room = mem_alloc(LAYOUT_PIECE);
    ssize_t n;

    for (;;) {
        n = read(fd, room, LAYOUT_PIECE);
        if (n == 0)
            return 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(err, "read '%s'", path);
        if (sink_write(out, room, (size_t)n, err) < 0)
            return -1;
    }
}

int
layout_stream_blob(const char *dir, const char *digest, const struct sink *out, struct err *err)
{
    cleanup_free char *path = blob_path(dir, digest + BLOB_HEX_OFFSET);
    cleanup_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return err_sys(err, "open '%s'", path);
    if (fstat(fd, &st) < 0)
        return err_sys(err, "read '%s'", path);
    if (!S_ISREG(st.st_mode))
        return not_regular(path, err);
    return copy_to(fd, path, out, err);
}
