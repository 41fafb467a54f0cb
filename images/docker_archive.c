/* SPDX-License-Identifier: Apache-2.0 */
#include "images/docker_archive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "images/index.h"
#include "images/interrupt.h"
#include "images/ref.h"
#include "images/tar.h"
#include "json/json.h"

enum { PIECE = 256 * 1024, TEXT_MAX = 4 * 1024 * 1024, PATH_ROOM = 128, TEXTS = 3 };

/* A member of the archive: a folder, a blob, or a text made here. */
struct member {
    char path[PATH_ROOM];
    const struct blob *blob; /* NULL for folders and texts */
    const char *text;
    uint64_t size;
};

struct docker_archive {
    struct buf texts[TEXTS]; /* index.json, manifest.json, oci-layout */
    struct member *members;
    size_t n_members;
    size_t next;     /* member to begin */
    uint64_t offset; /* in the member that was begun, members[next - 1] */
    struct tar *tar;
    struct buf pending; /* tar bytes that were not taken yet */
    char *piece;
    bool ended;
};

static int
take_tar(void *ctx, const void *p, size_t n, struct err *err)
{
    struct docker_archive *a = ctx;

    buf_append(&a->pending, p, n);
    return buf_finish(&a->pending, err);
}

/* [{"Config", "RepoTags", "Layers"}]: what `docker save` writes. */
static void
write_docker_manifest(struct image *image, const struct ref *name, struct buf *out)
{
    cleanup_json struct json_t *list = json_new_array();
    cleanup_free char *tagged = name != NULL ? ref_tagged_name(name) : NULL;
    struct json_t *entry = json_new_object();
    struct json_t *layers = json_new_array();
    struct json_t *tags = json_new_array();
    char path[PATH_ROOM];

    for (size_t i = 0; i < image->n_layers; i++) {
        snprintf(path, sizeof(path), "blobs/sha256/%s", blob_hex(&image->layers[i].blob));
        json_push_str(layers, path);
    }
    snprintf(path, sizeof(path), "blobs/sha256/%s", blob_hex(&image->config));
    if (tagged != NULL)
        json_push_str(tags, tagged);
    json_put_str(entry, "Config", path);
    json_put(entry, "Layers", layers);
    json_put(entry, "RepoTags", tags);
    json_push(list, entry);
    json_write(list, JSON_SORTED, out);
}

static void
write_index(struct image *image, const struct ref *name, struct buf *out)
{
    cleanup_json struct json_t *empty = index_new();
    cleanup_free char *full = name != NULL ? ref_full_name(name) : NULL;
    const char *tag = full == NULL ? NULL : name->tag != NULL ? name->tag : "latest";
    cleanup_json struct json_t *index = index_with(empty, image, tag, full);

    json_write(index, JSON_SORTED, out);
}

static struct member *
add_member(struct docker_archive *a, const char *path)
{
    struct member *m = &a->members[a->n_members++];

    *m = (struct member){"", NULL, NULL, 0};
    snprintf(m->path, sizeof(m->path), "%s", path);
    return m;
}

static int
compare_members(const void *a, const void *b)
{
    return strcmp(((const struct member *)a)->path, ((const struct member *)b)->path);
}

/* One member for each blob, even when two layers have the same bytes. */
static void
add_blobs(struct docker_archive *a, struct image *image)
{
    for (size_t i = 0; i < image_blob_count(image); i++) {
        const struct blob *b = image_blob(image, i);
        char path[PATH_ROOM];
        struct member *m;
        bool there = false;

        snprintf(path, sizeof(path), "blobs/sha256/%s", blob_hex(b));
        for (size_t k = 0; k < a->n_members; k++)
            there |= strcmp(a->members[k].path, path) == 0;
        if (there)
            continue;
        m = add_member(a, path);
        m->blob = b;
        m->size = b->size;
    }
}

static void
add_text(struct docker_archive *a, const char *path, const struct buf *text)
{
    struct member *m = add_member(a, path);

    m->text = buf_cstr(text);
    m->size = text->n;
}

struct docker_archive *
docker_archive_new(struct image *image, const struct ref *name, struct err *err)
{
    cleanup_docker_archive struct docker_archive *a = mem_alloc(sizeof(*a));
    struct sink sink = {take_tar, a};

    for (size_t i = 0; i < TEXTS; i++)
        a->texts[i] = (struct buf)BUF_INIT(TEXT_MAX);
    a->pending = (struct buf)BUF_INIT(4 * PIECE);
    a->piece = mem_alloc(PIECE);
    a->members = mem_realloc(NULL, image_blob_count(image) + TEXTS + 2, sizeof(*a->members));
    write_index(image, name, &a->texts[0]);
    write_docker_manifest(image, name, &a->texts[1]);
    buf_append_str(&a->texts[2], "{\"imageLayoutVersion\":\"1.0.0\"}");
    for (size_t i = 0; i < TEXTS; i++)
        if (buf_finish(&a->texts[i], err) < 0)
            return NULL;
    add_member(a, "blobs");
    add_member(a, "blobs/sha256");
    add_blobs(a, image);
    add_text(a, "index.json", &a->texts[0]);
    add_text(a, "manifest.json", &a->texts[1]);
    add_text(a, "oci-layout", &a->texts[2]);
    qsort(a->members, a->n_members, sizeof(*a->members), compare_members);
    a->tar = tar_new(&sink, image->created, err);
    return a->tar != NULL ? steal_ptr(&a) : NULL;
}

void
docker_archive_free(struct docker_archive *a)
{
    if (a == NULL)
        return;
    tar_free(a->tar);
    for (size_t i = 0; i < TEXTS; i++)
        buf_done(&a->texts[i]);
    buf_done(&a->pending);
    free(a->members);
    free(a->piece);
    free(a);
}

void
docker_archive_freep(struct docker_archive **a)
{
    docker_archive_free(*a);
}

static int
begin(struct docker_archive *a, struct err *err)
{
    const struct member *m = &a->members[a->next++];
    bool folder = m->blob == NULL && m->text == NULL;
    const struct tar_entry e = {
        .path = m->path,
        .type = folder ? TAR_FOLDER : TAR_FILE,
        .mode = folder ? 0755 : 0644,
        .size = m->size,
    };

    a->offset = 0;
    return tar_add(a->tar, &e, err);
}

/* Puts more tar bytes into pending. */
static int
produce(struct docker_archive *a, struct err *err)
{
    const struct member *m;
    ptrdiff_t got;

    if (a->next == 0)
        return begin(a, err);
    m = &a->members[a->next - 1];
    if (a->offset == m->size) {
        if (a->next < a->n_members)
            return begin(a, err);
        a->ended = true;
        return tar_finish(a->tar, err);
    }
    if (m->text != NULL) {
        a->offset = m->size;
        return tar_write(a->tar, m->text, m->size, err);
    }
    got = blob_read(m->blob, a->offset, a->piece, PIECE, err);
    if (got < 0)
        return -1;
    a->offset += (uint64_t)got;
    return tar_write(a->tar, a->piece, (size_t)got, err);
}

ptrdiff_t
docker_archive_read(struct docker_archive *a, void *into, size_t room, struct err *err)
{
    size_t n;

    if (interrupt_check(err) < 0)
        return -1;
    while (a->pending.n == 0 && !a->ended)
        if (produce(a, err) < 0)
            return -1;
    n = a->pending.n < room ? a->pending.n : room;
    if (n > 0)
        memcpy(into, a->pending.p, n);
    buf_consume(&a->pending, n);
    return (ptrdiff_t)n;
}

int
docker_archive_copy(struct docker_archive *a, int fd, const char *label, struct err *err)
{
    cleanup_free char *piece = mem_alloc(PIECE);

    for (;;) {
        ptrdiff_t n = docker_archive_read(a, piece, PIECE, err);

        if (n < 0)
            return -1;
        if (n == 0)
            return 0;
        if (fs_write_fd(fd, label, piece, (size_t)n, err) < 0)
            return -1;
    }
}
