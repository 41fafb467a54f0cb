/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/digest.h"

#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/mem.h"

struct digest {
    EVP_MD_CTX *ctx;
};

/* Input bytes of one call to EVP_EncodeBlock(), which counts in int; a multiple of 3. */
enum { ENCODE_STEP = 3 * 4096 };

/* libcrypto fails here only for want of memory. */
static void
need(bool worked)
{
    if (worked)
        return;
    log_error("out of memory in libcrypto");
    abort();
}

struct digest *
digest_new(void)
{
    struct digest *d = mem_alloc(sizeof(*d));

    d->ctx = EVP_MD_CTX_new();
    need(d->ctx != NULL);
    need(EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) == 1);
    return d;
}

void
digest_update(struct digest *d, const void *p, size_t n)
{
    if (n > 0)
        need(EVP_DigestUpdate(d->ctx, p, n) == 1);
}

void
digest_finish(struct digest *d, unsigned char out[DIGEST_SHA256_SIZE])
{
    need(EVP_DigestFinal_ex(d->ctx, out, NULL) == 1);
}

void
digest_finish_hex(struct digest *d, char out[DIGEST_SHA256_HEX])
{
    unsigned char raw[DIGEST_SHA256_SIZE];

    digest_finish(d, raw);
    hex_encode(raw, sizeof(raw), out);
}

void
digest_free(struct digest *d)
{
    if (d == NULL)
        return;
    EVP_MD_CTX_free(d->ctx);
    free(d);
}

void
digest_freep(struct digest **d)
{
    digest_free(*d);
}

void
digest_sha256(const void *p, size_t n, unsigned char out[DIGEST_SHA256_SIZE])
{
    need(EVP_Digest(n > 0 ? p : "", n, out, NULL, EVP_sha256(), NULL) == 1);
}

void
digest_sha256_hex(const void *p, size_t n, char out[DIGEST_SHA256_HEX])
{
    unsigned char raw[DIGEST_SHA256_SIZE];

    digest_sha256(p, n, raw);
    hex_encode(raw, sizeof(raw), out);
}

void
digest_hmac_sha256(const void *key, size_t key_n, const void *p, size_t n,
                   unsigned char out[DIGEST_SHA256_SIZE])
{
    /* A NULL key would mean "the key of the call before" to libcrypto. */
    const void *k = key_n > 0 ? key : "";
    const void *data = n > 0 ? p : "";

    need(HMAC(EVP_sha256(), k, (int)key_n, data, n, out, NULL) != NULL);
}

void
digest_base64_encode(struct str in, struct buf *out)
{
    while (in.n > 0) {
        size_t step = in.n < ENCODE_STEP ? in.n : ENCODE_STEP;
        size_t size = (step + 2) / 3 * 4;
        char *room = buf_room(out, size); /* and one for the NUL that is written, too */

        if (room == NULL)
            return;
        EVP_EncodeBlock((unsigned char *)room, (const unsigned char *)in.p, (int)step);
        buf_added(out, size);
        in.p += step;
        in.n -= step;
    }
}

/* libcrypto's decoder skips over blanks and does not look at the unused bits. */
static bool
is_strict_base64(struct str in, size_t *padding)
{
    size_t pad = 0;

    if (in.n % 4 != 0)
        return false;
    while (pad < 2 && in.n > pad && in.p[in.n - pad - 1] == '=')
        pad++;
    for (size_t i = 0; i < in.n - pad; i++) {
        if (base64_sextet(in.p[i]) < 0)
            return false;
    }
    *padding = pad;
    if (pad == 0)
        return true;
    return (base64_sextet(in.p[in.n - pad - 1]) & (pad == 1 ? 0x03 : 0x0f)) == 0;
}

bool
digest_base64_decode(struct str in, struct buf *out)
{
    size_t padding;

    if (!is_strict_base64(in, &padding))
        return false;
    while (in.n > 0) {
        unsigned char raw[ENCODE_STEP / 4 * 3];
        size_t step = in.n < ENCODE_STEP ? in.n : ENCODE_STEP;

        EVP_DecodeBlock(raw, (const unsigned char *)in.p, (int)step);
        in.p += step;
        in.n -= step;
        buf_append(out, raw, step / 4 * 3 - (in.n == 0 ? padding : 0));
        mem_wipe(raw, sizeof(raw));
    }
    return true;
}
