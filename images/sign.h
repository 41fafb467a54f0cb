/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_SIGN_H
#define IMAGES_SIGN_H

/* Signatures (images/signature.h) beside the images they are of: made, kept and looked for. */

#include "base/attr.h"
#include "images/blob.h"

struct buf;
struct ecdsa_key;
struct err;
struct registry_opts;

/* Signs what image stands for and keeps the signature under its tag, beside those that are there
 * already; one by the same key and name is not made twice.  identity is the name that is signed;
 * NULL: the image's name in its registry (ERR_USAGE for a layout, which has none).  digest gets
 * what was signed. */
int sign_image(const char *image, const struct ecdsa_key *key, const char *identity,
               const struct registry_opts *opts, char digest[BLOB_DIGEST_MAX],
               struct err *err) NODISCARD;

/* Appends to out each payload, a line each, that key has signed for what image stands for, and,
 * when identity is not NULL, under that name.  Returns how many, or -1 with err; an image without
 * any signature has 0. */
int sign_verify(const char *image, const struct ecdsa_key *key, const char *identity,
                const struct registry_opts *opts, struct buf *out, struct err *err) NODISCARD;

#endif
