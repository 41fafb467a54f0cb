/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_DESCRIPTOR_H
#define IMAGES_DESCRIPTOR_H

/* What a document says of content elsewhere (image-spec descriptor.md): type, digest, size. */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "images/blob.h"
#include "images/platform.h"

struct err;
struct json_cur;

enum { DESCRIPTOR_TYPE_MAX = 256 }; /* RFC 6838 section 4.2: 127 characters on each side of "/" */

/* What Docker called the same before OCI did. */
#define DESCRIPTOR_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define DESCRIPTOR_DOCKER_LIST     "application/vnd.docker.distribution.manifest.list.v2+json"

struct descriptor {
    char media_type[DESCRIPTOR_TYPE_MAX]; /* "" when the document names none */
    char digest[BLOB_DIGEST_MAX];         /* checked: safe in a path or URL */
    uint64_t size;
    struct platform platform; /* of an index's entry; os "" when none is named */
};

/* ERR_INVALID with the pointer of what is wrong, ERR_UNSUPPORTED for digests other than sha256. */
int descriptor_read(const struct json_cur *c, struct descriptor *out, struct err *err) NODISCARD;

/* Of a text that may be any: ERR_INVALID, ERR_UNSUPPORTED as above. */
int descriptor_check_digest(const char *digest, struct err *err) NODISCARD;

bool descriptor_is_index(const struct descriptor *d);
bool descriptor_is_manifest(const struct descriptor *d);

#endif
