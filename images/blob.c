/* SPDX-License-Identifier: Apache-2.0 */
#include "images/blob.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/digest.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

void
blob_done(struct blob *b)
{
    free(b->data);
    staging_discard(&b->file);
    *b = (struct blob)BLOB_INIT;
}

int
blob_from_text(struct blob *out, const char *media_type, struct buf *b, struct err *err)
{
    struct blob blob = BLOB_INIT;
    char hex[DIGEST_SHA256_HEX];

    if (buf_finish(b, err) < 0)
        return err_wrap(err, "%s", media_type);
    blob.media_type = media_type;
    blob.size = b->n;
    digest_sha256_hex(b->p, b->n, hex);
    snprintf(blob.digest, sizeof(blob.digest), "sha256:%s", hex);
    blob.data = buf_take(b);
    *out = blob;
    return 0;
}

const char *
blob_hex(const struct blob *b)
{
    return b->digest + BLOB_HEX_OFFSET;
}

ptrdiff_t
blob_read(const struct blob *b, uint64_t offset, void *into, size_t n, struct err *err)
{
    uint64_t left = b->size - offset;
    ssize_t got;

    if (n > left)
        n = (size_t)left;
    if (b->data != NULL) {
        memcpy(into, b->data + offset, n);
        return (ptrdiff_t)n;
    }
    do {
        got = pread(b->file.fd, into, n, (off_t)offset);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return err_sys(err, "read '%s'", b->file.name);
    if (got == 0)
        return err_set(err, ERR_IO, "read '%s': it became shorter meanwhile", b->file.name);
    return got;
}

struct json_t *
blob_descriptor(const struct blob *b)
{
    struct json_t *v = json_new_object();

    json_put_str(v, "mediaType", b->media_type);
    json_put_str(v, "digest", b->digest);
    json_put_int(v, "size", (int64_t)b->size);
    return v;
}
