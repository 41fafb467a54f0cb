/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_DIGEST_H
#define AWS_DIGEST_H

/*
 * The fence around libcrypto: SHA-256, HMAC-SHA256 and base64.  No other file includes
 * OpenSSL's headers.  Nothing here fails for a caller to handle: libcrypto refuses these only when
 * memory is out, which ends the program as it does in base/mem.h.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

struct buf;
struct digest;

enum {
    DIGEST_SHA256_SIZE = 32,
    DIGEST_SHA256_HEX = 65 /* digits and a NUL */
};

/* SHA-256 of a stream: update any number of times, finish once, free. */
struct digest *digest_new(void);
void digest_update(struct digest *d, const void *p, size_t n);
void digest_finish(struct digest *d, unsigned char out[DIGEST_SHA256_SIZE]);
void digest_finish_hex(struct digest *d, char out[DIGEST_SHA256_HEX]);
void digest_free(struct digest *d); /* NULL is fine */
void digest_freep(struct digest **d);
#define cleanup_digest __attribute__((cleanup(digest_freep)))

void digest_sha256(const void *p, size_t n, unsigned char out[DIGEST_SHA256_SIZE]);
void digest_sha256_hex(const void *p, size_t n, char out[DIGEST_SHA256_HEX]);

void digest_hmac_sha256(const void *key, size_t key_n, const void *p, size_t n,
                        unsigned char out[DIGEST_SHA256_SIZE]);

/* RFC 4648 section 4, with padding and without line breaks.  Appends; a ceiling that is too low
 * shows in buf_finish(). */
void digest_base64_encode(struct str in, struct buf *out);

/* Strict: the alphabet alone, whole groups of four, padding only at the end, unused bits zero.
 * False, with nothing appended, when the text is anything else. */
bool digest_base64_decode(struct str in, struct buf *out) NODISCARD;

#endif
