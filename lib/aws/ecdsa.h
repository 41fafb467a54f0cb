/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_ECDSA_H
#define AWS_ECDSA_H

/*
 * ECDSA with P-256 and SHA-256 (FIPS 186-5), by libcrypto: what signatures of images are made of.
 * Keys are PEM texts: "PRIVATE KEY" (PKCS #8) or "EC PRIVATE KEY" (RFC 5915) without a passphrase,
 * and "PUBLIC KEY" (RFC 5280 SubjectPublicKeyInfo).
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

struct buf;
struct ecdsa_key;
struct err;

enum { ECDSA_SIGNATURE_MAX = 72 }; /* two numbers of 32 bytes in DER */

/* name is what errors call the key.  ERR_INVALID for what is no key, ERR_UNSUPPORTED for one of
 * another kind or with a passphrase; the text is in neither.  NULL with err. */
struct ecdsa_key *ecdsa_private_key(struct str pem, const char *name, struct err *err);
struct ecdsa_key *ecdsa_public_key(struct str pem, const char *name, struct err *err);
void ecdsa_key_free(struct ecdsa_key *key); /* NULL is fine */
void ecdsa_key_freep(struct ecdsa_key **key);
#define cleanup_ecdsa_key __attribute__((cleanup(ecdsa_key_freep)))

/* Appends the signature of the text, in DER. */
int ecdsa_sign(const struct ecdsa_key *key, struct str text, struct buf *out,
               struct err *err) NODISCARD;

/* True only for a signature of exactly this text by this key's owner. */
bool ecdsa_verify(const struct ecdsa_key *key, struct str text, struct str signature) NODISCARD;

#endif
