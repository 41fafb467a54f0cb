/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/ecdsa.h"

#include <limits.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

struct ecdsa_key {
    EVP_PKEY *key;
};

/* Instead of asking on the terminal. */
static int
no_passphrase(char *into UNUSED, int n UNUSED, int writing UNUSED, void *asked)
{
    *(bool *)asked = true;
    return -1;
}

static bool
is_p256(const EVP_PKEY *key)
{
    char group[64];
    size_t n = 0;

    return EVP_PKEY_is_a(key, "EC") &&
           EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group),
                                          &n) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

static struct ecdsa_key *
take_key(EVP_PKEY *key, bool asked, const char *name, const char *kind, struct err *err)
{
    struct ecdsa_key *k;

    ERR_clear_error();
    if (key == NULL && asked) {
        err_set(err, ERR_UNSUPPORTED,
                "%s: the key has a passphrase; write it without one: openssl pkcs8 -topk8 -nocrypt",
                name);
        return NULL;
    }
    if (key == NULL) {
        err_set(err, ERR_INVALID, "%s: no PEM text of a %s key", name, kind);
        return NULL;
    }
    if (!is_p256(key)) {
        EVP_PKEY_free(key);
        err_set(err, ERR_UNSUPPORTED, "%s: only ECDSA keys with P-256 are offered", name);
        return NULL;
    }
    k = mem_alloc(sizeof(*k));
    k->key = key;
    return k;
}

typedef EVP_PKEY *read_fn(BIO *bio, EVP_PKEY **out, pem_password_cb *ask, void *ctx);

static struct ecdsa_key *
read_key(read_fn *fn, struct str pem, const char *name, const char *kind, struct err *err)
{
    BIO *bio = pem.n <= INT_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    bool asked = false;
    EVP_PKEY *key = bio != NULL ? fn(bio, NULL, no_passphrase, &asked) : NULL;

    BIO_free(bio);
    return take_key(key, asked, name, kind, err);
}

struct ecdsa_key *
ecdsa_private_key(struct str pem, const char *name, struct err *err)
{
    return read_key(PEM_read_bio_PrivateKey, pem, name, "private", err);
}

struct ecdsa_key *
ecdsa_public_key(struct str pem, const char *name, struct err *err)
{
    return read_key(PEM_read_bio_PUBKEY, pem, name, "public", err);
}

void
ecdsa_key_free(struct ecdsa_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->key);
    free(key);
}

void
ecdsa_key_freep(struct ecdsa_key **key)
{
    ecdsa_key_free(*key);
}

int
ecdsa_sign(const struct ecdsa_key *key, struct str text, struct buf *out, struct err *err)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char der[ECDSA_SIGNATURE_MAX];
    size_t n = sizeof(der);
    bool done = ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key->key) == 1 &&
                EVP_DigestSign(ctx, der, &n, (const unsigned char *)text.p, text.n) == 1;

    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    if (!done)
        return err_set(err, ERR_INVALID, "the key cannot sign: is it a private one?");
    buf_append(out, der, n);
    return buf_finish(out, err);
}

bool
ecdsa_verify(const struct ecdsa_key *key, struct str text, struct str signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key->key) == 1 &&
                EVP_DigestVerify(ctx, (const unsigned char *)signature.p, signature.n,
                                 (const unsigned char *)text.p, text.n) == 1;

    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return good;
}
