/* SPDX-License-Identifier: Apache-2.0 */
#include "images/store_kinds.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "images/index.h"
#include "images/layout.h"
#include "images/ref.h"
#include "images/store.h"
#include "images/tar_index.h"
#include "json/json.h"

/* A layout in a tar file, as skopeo, buildah and we write them. */
struct oci_archive {
    struct store store;
    struct tar_index tar;
};

static int
blob(struct store *s, const struct descriptor *d, const struct sink *out, struct err *err)
{
    const struct oci_archive *a = (const struct oci_archive *)s;
    cleanup_free char *path = mem_printf("blobs/sha256/%s", d->digest + BLOB_HEX_OFFSET);
    const struct tar_member *m = tar_index_find(&a->tar, path);

    if (m == NULL)
        return err_set(err, ERR_NOT_FOUND, "'%s' has no blob %s", a->tar.name, d->digest);
    return tar_index_stream(&a->tar, m, out, err);
}

static int
root(struct store *s, struct document *out, struct err *err)
{
    const struct oci_archive *a = (const struct oci_archive *)s;
    cleanup_buf struct buf text = BUF_INIT(LAYOUT_INDEX_MAX);
    cleanup_json struct json_t *index = NULL;
    struct descriptor d;

    if (tar_index_find(&a->tar, "oci-layout") == NULL)
        return err_set(err, ERR_INVALID, "'%s' is no OCI layout: it has no oci-layout",
                       a->tar.name);
    if (tar_index_text(&a->tar, "index.json", &text, err) < 0)
        return -1;
    index = index_parse(buf_view(&text), "index.json", err);
    if (index == NULL || index_find(index, s->ref.tag, &d, err) < 0)
        return -1;
    return store_manifest(s, &d, out, err);
}

static void
release(struct store *s)
{
    struct oci_archive *a = (struct oci_archive *)s;

    tar_index_done(&a->tar);
    free(a);
}

static const struct store_kind kind = {root, NULL, blob, release};

int
store_kinds_open_tar(const struct ref *ref, struct tar_index *out, struct err *err)
{
    int fd;

    if (strcmp(ref->path, "-") == 0)
        return err_set(err, ERR_UNSUPPORTED,
                       "an archive is read from a file, as its parts are needed in another order "
                       "than they stand there; '-' is none");
    fd = open(ref->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return err_sys(err, "open '%s'", ref->path);
    return tar_index_read(fd, ref->path, out, err);
}

struct store *
store_oci_archive_new(const struct ref *ref, struct err *err)
{
    struct tar_index tar;
    struct oci_archive *a;

    if (store_kinds_open_tar(ref, &tar, err) < 0)
        return NULL;
    a = mem_alloc(sizeof(*a));
    a->store.kind = &kind;
    a->tar = tar;
    return &a->store;
}
