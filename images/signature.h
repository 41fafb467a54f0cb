/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_SIGNATURE_H
#define IMAGES_SIGNATURE_H

/*
 * Signatures of images as cosign writes and verifies them: a text that names the manifest's digest
 * ("simple signing", containers' signature format), signed by a key of one's own, kept as a layer
 * of an image of its own whose tag is made of the digest.  No certificates, no transparency log.
 */

#include <stdbool.h>

#include "base/attr.h"
#include "base/str.h"
#include "images/blob.h"

struct buf;
struct ecdsa_key;
struct err;
struct json_t;

#define SIGNATURE_LAYER_TYPE "application/vnd.dev.cosign.simplesigning.v1+json"
#define SIGNATURE_KEY        "dev.cosignproject.cosign/signature"

enum { SIGNATURE_TAG_MAX = 80, SIGNATURE_PAYLOAD_MAX = 64 * 1024 };

/* "sha256-HEX.sig", where signatures of the manifest with that digest lie. */
void signature_tag(const char *digest, char out[SIGNATURE_TAG_MAX]);

/* The text to be signed.  name is the repository without tag ("host/team/app"), for people. */
int signature_payload(const char *name, const char *digest, struct buf *out,
                      struct err *err) NODISCARD;

/* Whether payload says that it is a signature of digest; ERR_INVALID with what it says instead. */
int signature_check_payload(struct str payload, const char *digest, struct err *err) NODISCARD;

/* The payload's signature as base64, for the layer's annotation. */
int signature_make(const struct ecdsa_key *key, struct str payload, struct buf *out,
                   struct err *err) NODISCARD;

/* base64 is what the annotation holds. */
bool signature_holds(const struct ecdsa_key *key, struct str payload, struct str base64);

#endif
