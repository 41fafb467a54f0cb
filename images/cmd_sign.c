/* SPDX-License-Identifier: Apache-2.0 */
#include "images/cmd.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/ecdsa.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "images/blob.h"
#include "images/interrupt.h"
#include "images/registry.h"
#include "images/sign.h"

#define KEY_VARIABLE "IMAGEGEN_SIGN_KEY"

enum { KEY_MAX = 64 * 1024, PAYLOADS_MAX = 16 * 1024 * 1024, WANTING = 3 };

struct sign_opts {
    const char *key, *identity, *ca_file;
};

/* ---- sign ---- */

/* From the file, else from the variable, which CI systems keep secrets in. */
static struct ecdsa_key *
secret_key(const char *path, struct err *err)
{
    cleanup_buf struct buf text = BUF_INIT(KEY_MAX);
    const char *variable = getenv(KEY_VARIABLE);
    struct ecdsa_key *key;

    if (path == NULL && (variable == NULL || variable[0] == '\0')) {
        err_set(err, ERR_USAGE, "no key: write --key FILE, or put its text into " KEY_VARIABLE);
        return NULL;
    }
    if (path == NULL)
        return ecdsa_private_key(str_from(variable), KEY_VARIABLE, err);
    if (fs_read(path, &text, err) < 0)
        return NULL;
    key = ecdsa_private_key(buf_view(&text), path, err);
    mem_wipe(text.p, text.n);
    return key;
}

static int
sign(const void *opts, int n_operands UNUSED, char **operands, struct err *err)
{
    const struct sign_opts *o = opts;
    const struct registry_opts registry = {o->ca_file, false};
    cleanup_ecdsa_key struct ecdsa_key *key = secret_key(o->key, err);
    cleanup_buf struct buf line = BUF_INIT(2 * BLOB_DIGEST_MAX);
    char digest[BLOB_DIGEST_MAX];

    if (key == NULL || sign_image(operands[0], key, o->identity, &registry, digest, err) < 0)
        return -1;
    buf_appendf(&line, "%s\n", digest);
    return fs_write_fd(STDOUT_FILENO, "standard output", line.p, line.n, err);
}

static int
run_sign(const void *opts, int n_operands, char **operands, struct err *err)
{
    return interrupt_run(sign, opts, n_operands, operands, err);
}

/* ---- verify ---- */

static int
run_verify(const void *data, int n_operands, char **operands, struct err *err)
{
    const struct sign_opts *o = data;
    const struct registry_opts opts = {o->ca_file, false};
    cleanup_buf struct buf text = BUF_INIT(KEY_MAX);
    cleanup_buf struct buf payloads = BUF_INIT(PAYLOADS_MAX);
    cleanup_ecdsa_key struct ecdsa_key *key = NULL;
    int good;

    (void)n_operands;
    if (o->key == NULL)
        return err_set(err, ERR_USAGE, "--key FILE is missing: the public key");
    if (fs_read(o->key, &text, err) < 0)
        return -1;
    key = ecdsa_public_key(buf_view(&text), o->key, err);
    good = key != NULL ? sign_verify(operands[0], key, o->identity, &opts, &payloads, err) : -1;
    if (good < 0)
        return -1;
    if (good == 0) {
        log_error("%s: no signature by the key '%s'%s%s", operands[0], o->key,
                  o->identity != NULL ? " for " : "", o->identity != NULL ? o->identity : "");
        return WANTING;
    }
    return fs_write_fd(STDOUT_FILENO, "standard output", payloads.p, payloads.n, err);
}

#define AT(field) offsetof(struct sign_opts, field)

static const struct cli_opt sign_options[] = {
    {"key", 'k', CLI_STR, AT(key), "FILE",
     "The private key, PEM without a passphrase; else the text in " KEY_VARIABLE ".", 0, 0, NULL},
    {"identity", 0, CLI_STR, AT(identity), "NAME",
     "The name that is signed, without tag (the image's own in its registry).", 0, 0, NULL},
    {"ca-file", 0, CLI_STR, AT(ca_file), "FILE",
     "Trust the certificate authorities in FILE instead of the machine's.", 0, 0, NULL},
    {NULL, 0, CLI_FLAG, 0, NULL, NULL, 0, 0, NULL},
};

static const struct cli_opt verify_options[] = {
    {"key", 'k', CLI_STR, AT(key), "FILE", "The public key, PEM.", 0, 0, NULL},
    {"identity", 0, CLI_STR, AT(identity), "NAME", "Only signatures of this name count (any).", 0,
     0, NULL},
    {"ca-file", 0, CLI_STR, AT(ca_file), "FILE",
     "Trust the certificate authorities in FILE instead of the machine's.", 0, 0, NULL},
    {NULL, 0, CLI_FLAG, 0, NULL, NULL, 0, 0, NULL},
};

const struct cli_cmd cmd_sign = {
    .name = "sign",
    .summary = "sign an image with a key of one's own",
    .operands = "IMAGE",
    .min_operands = 1,
    .max_operands = 1,
    .opts = sign_options,
    .opts_size = sizeof(struct sign_opts),
    .details =
        "The signature is an ECDSA one with P-256 over the digest of what IMAGE stands for, an "
        "index included, kept beside it under the tag sha256-DIGEST.sig, where `cosign verify "
        "--key` and containers' policies (sigstoreSigned) look.  There is no certificate and no "
        "entry in a public log.  Signing again with the same key changes nothing; other keys' "
        "signatures stay.  A key pair:\n\n"
        "openssl ecparam -name prime256v1 -genkey -noout -out key.pem; "
        "openssl pkey -in key.pem -pubout -out key.pub",
    .run = run_sign,
};

const struct cli_cmd cmd_verify = {
    .name = "verify",
    .summary = "check that an image is signed by a key",
    .operands = "IMAGE",
    .min_operands = 1,
    .max_operands = 1,
    .opts = verify_options,
    .opts_size = sizeof(struct sign_opts),
    .details =
        "Prints what was signed, one JSON object a line.  Exit status 3 when no signature is "
        "by the key's owner.",
    .run = run_verify,
};
