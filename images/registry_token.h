/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_REGISTRY_TOKEN_H
#define IMAGES_REGISTRY_TOKEN_H

/*
 * Bearer tokens (distribution.github.io/distribution/spec/auth/token): fetched from the realm that
 * a registry names, kept per scope.
 *
 * The realm gets our password, so it must be https, or the registry's own origin; and it must not
 * be at a loopback, private, link-local or metadata address unless the registry itself is at one of
 * that kind, which is checked on the address that is connected to.  No redirect is followed.
 */

#include <stdint.h>

#include "base/attr.h"
#include "base/secret.h"

struct err;
struct registry;

enum { TOKEN_ANSWER_MAX = 64 * 1024, TOKEN_LIFE_S = 60 };

struct token {
    char *scope;
    struct secret text;
    int64_t end_ms; /* monotonic */
};

struct tokens {
    struct token *v;
    size_t n;
};

void tokens_done(struct tokens *t);

/* The kept token of a scope that has not expired, or NULL. */
const struct token *token_find(const struct tokens *t, const char *scope);

/* Fetches one by the registry's last challenge and keeps it. */
int token_fetch(struct registry *r, const char *scope, struct err *err) NODISCARD;

#endif
