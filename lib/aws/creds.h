/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_CREDS_H
#define AWS_CREDS_H

/*
 * AWS credentials and the chain of sources that may give them.  A source is one file, creds_<x>.c,
 * with one const struct creds_source; creds.c lists them in the order of the AWS CLI.  The first
 * source that has credentials wins.  A source that is set up but broken ends the search, since
 * going on would sign as somebody else; one that is not set up says why, and the chain's refusal
 * repeats what each of them said.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/secret.h"

struct buf;
struct err;
struct http_client;
struct profile;

struct creds {
    struct secret key_id;
    struct secret secret_key;
    struct secret token;  /* not set for long-lived keys */
    int64_t expires_unix; /* 0 = never */
    char *source;         /* where they come from, for people: "profile 'x' in '/root/.aws/...'" */
};

#define CREDS_INIT                                     \
    {                                                  \
        SECRET_INIT, SECRET_INIT, SECRET_INIT, 0, NULL \
    }

void creds_done(struct creds *c);
#define cleanup_creds __attribute__((cleanup(creds_done)))

/* What the sources may look at. */
struct creds_context {
    const struct profile *profile; /* the chosen profile of the shared files */
    struct http_client *http;
};

enum creds_result {
    CREDS_FOUND,
    CREDS_NONE,  /* not set up here: why was appended to the note */
    CREDS_FAILED /* set up and unusable: err is set */
};

struct creds_source {
    const char *name;
    enum creds_result (*load)(const struct creds_context *context, struct creds *out,
                              struct buf *note, struct err *err);
};

extern const struct creds_source creds_env;
extern const struct creds_source creds_shared;

/* Asks the sources in turn.  ERR_DENIED names all of them when none has credentials. */
int creds_find(const struct creds_context *context, struct creds *out, struct err *err) NODISCARD;

/* For sources: true when text can be a key or token: printable ASCII without blanks.  A line break
 * copied along with a key would otherwise show as a signature that AWS calls wrong. */
bool creds_is_clean(const char *text, size_t n);

/* For sources: takes key id, secret and token (may be NULL) from text after checking them; what
 * names them in errors, such as "the environment". */
int creds_set(struct creds *out, const char *key_id, const char *secret_key, const char *token,
              const char *what, struct err *err) NODISCARD;

#endif
