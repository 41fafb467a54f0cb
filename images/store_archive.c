/* SPDX-License-Identifier: Apache-2.0 */
#include "images/store_archive.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "images/ref.h"

struct archive *
store_archive_open(const struct ref *ref, size_t size, struct err *err)
{
    struct tar_index tar;
    struct archive *a;
    int fd;

    if (strcmp(ref->path, "-") == 0) {
        err_set(err, ERR_UNSUPPORTED,
                "an archive is read from a file, as its parts are needed in another order than "
                "they stand there; '-' is none");
        return NULL;
    }
    fd = open(ref->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        err_sys(err, "open '%s'", ref->path);
        return NULL;
    }
    if (tar_index_read(fd, ref->path, &tar, err) < 0)
        return NULL;
    a = mem_alloc(size);
    a->tar = tar;
    return a;
}

void
store_archive_free(struct archive *a)
{
    tar_index_done(&a->tar);
    free(a);
}

int
store_archive_blob(struct store *s, const struct descriptor *d, const struct sink *out,
                   struct err *err)
{
    const struct archive *a = (const struct archive *)s;
    cleanup_free char *path = mem_printf("blobs/sha256/%s", d->digest + BLOB_HEX_OFFSET);
    const struct tar_member *m = tar_index_find(&a->tar, path);

    if (m == NULL)
        return err_set(err, ERR_NOT_FOUND, "'%s' has no blob %s", a->tar.name, d->digest);
    return tar_index_stream(&a->tar, m, out, err);
}
