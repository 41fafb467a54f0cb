/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_REGISTRY_CHALLENGE_H
#define IMAGES_REGISTRY_CHALLENGE_H

/* WWW-Authenticate of RFC 9110 11.6.1: which way of logging in a registry asks for. */

#include <stdbool.h>

#include "base/attr.h"
#include "base/str.h"

enum challenge_scheme { CHALLENGE_NONE, CHALLENGE_BASIC, CHALLENGE_BEARER };

enum { CHALLENGE_MAX = 8 * 1024 };

struct challenge {
    enum challenge_scheme scheme;
    char *realm;   /* NULL when not named; the caller's by challenge_done() */
    char *service; /* the same */
};

#define CHALLENGE_INIT             \
    {                              \
        CHALLENGE_NONE, NULL, NULL \
    }
#define cleanup_challenge __attribute__((cleanup(challenge_done)))

void challenge_done(struct challenge *c);

/* One header's value, with one or more challenges.  Takes over into *c what is better than what is
 * there: Bearer before Basic, the first of each.  False when the value is malformed; what came
 * before the fault counts. */
bool challenge_parse(struct str value, struct challenge *c);

#endif
