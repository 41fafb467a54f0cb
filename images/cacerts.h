/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_CACERTS_H
#define IMAGES_CACERTS_H

/* The bundle of certificate authorities that TLS clients in the image trust. */

#include "base/attr.h"

struct err;
struct tree;

/* Where it lies, on Debian's machines as in images: OpenSSL, Go and curl look there. */
#define CACERTS_PATH "/etc/ssl/certs/ca-certificates.crt"

enum { CACERTS_SIZE_MAX = 8 * 1024 * 1024 };

/* Adds file, or this machine's bundle when it is NULL, at CACERTS_PATH.  A file without a
 * certificate in it is refused. */
int cacerts_add(struct tree *t, const char *file, struct err *err) NODISCARD;

#endif
