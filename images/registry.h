/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_REGISTRY_H
#define IMAGES_REGISTRY_H

/*
 * A client of registries, by distribution-spec 1.1, for one repository: requests with their log-in,
 * retries and redirects.  What it does not trust: where a registry sends it.  Credentials go to the
 * registry's own origin (scheme, host, port) and to the token service that it names, and to nobody
 * else; see registry_token.h for who may be one.
 *
 * Hosts that are loopback addresses, or localhost, are spoken to by http unless there is a CA file;
 * all others by https.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "images/sink.h"
#include "net/http.h"

struct blob;
struct descriptor;
struct document;
struct err;
struct ref;
struct registry;

enum {
    REGISTRY_ATTEMPTS = 5,    /* of a request that fails for reasons that may pass */
    REGISTRY_WAIT_MAX_S = 30, /* between two of them, whatever Retry-After says */
    REGISTRY_REDIRECTS_MAX = 5
};

struct registry_opts {
    const char *ca_file; /* PEM, or NULL; borrowed for the registry's life */
    bool no_env_creds;   /* IMAGEGEN_CREDS is another registry's */
};

/* Nothing is asked yet.  ref names a registry and a repository; NULL with err. */
struct registry *registry_new(const struct ref *ref, const struct registry_opts *opts,
                              struct err *err);
void registry_free(struct registry *r); /* NULL is fine */
void registry_freep(struct registry **r);
#define cleanup_registry __attribute__((cleanup(registry_freep)))

/* "library/nginx": the repository as the registry calls it; borrowed. */
const char *registry_repository(const struct registry *r);

/* HOST[:PORT] of a name, "docker.io" for all that Docker's registry is called; borrowed. */
/* Of an image name; the caller frees it. */
char *registry_repository_of(const struct ref *ref);

const char *registry_authority(const struct ref *ref);

/* True when both are at one registry. */
bool registry_is_at(const struct registry *r, const struct ref *ref);

/* ---- blobs (registry_blob.c) ---- */

/* 1 when the registry has it with the descriptor's size, 0 when not, -1 with err. */
int registry_has_blob(struct registry *r, const struct descriptor *d, struct err *err) NODISCARD;

/* All its bytes into out; a connection that breaks is taken up again where it broke.  Size and
 * digest are the caller's to check. */
int registry_get_blob(struct registry *r, const struct descriptor *d, const struct sink *out,
                      struct err *err) NODISCARD;

/* Uploads it. */
int registry_put_blob(struct registry *r, const struct blob *b, struct err *err) NODISCARD;

/* Has the registry take it from another repository of its own: 1 done, 0 it would not, -1. */
int registry_mount_blob(struct registry *r, const struct descriptor *d, const char *from,
                        struct err *err) NODISCARD;

/* ---- manifests (registry_manifest.c) ---- */

/* reference is a tag or a digest; in the second case the text is checked against it. */
int registry_get_manifest(struct registry *r, const char *reference, struct document *out,
                          struct err *err) NODISCARD;

/* The exact bytes, under a tag or, with NULL, under their digest. */
int registry_put_manifest(struct registry *r, const struct document *d, const char *tag,
                          struct err *err) NODISCARD;

#endif
