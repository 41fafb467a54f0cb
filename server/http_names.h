/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_NAMES_H
#define SERVER_HTTP_NAMES_H

/* The fields that a proxy does more with than pass them on, told apart in one look at their name.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

enum http_name {
    HTTP_NAME_OTHER,
    /* Of one hop: between two neighbours (RFC 9110 7.6.1), or framing, which each writes anew. */
    HTTP_NAME_CONNECTION,
    HTTP_NAME_CONTENT_LENGTH,
    HTTP_NAME_TRANSFER_ENCODING,
    HTTP_NAME_UPGRADE,
    HTTP_NAME_HOP,   /* all others of that kind */
    HTTP_NAME_ACCEL, /* X-Accel-*: what an application says to nginx before it */
    HTTP_NAME_DATE,
    HTTP_NAME_SERVER,
    /* Of a request, and written by the proxy itself or by nobody. */
    HTTP_NAME_OURS,
    HTTP_NAME_REQUEST_ID,
    /* Where a request comes from. */
    HTTP_NAME_FORWARDED,
    HTTP_NAME_REAL_IP,
    HTTP_NAME_X_FOR,
    HTTP_NAME_X_HOST,
    HTTP_NAME_X_PORT,
    HTTP_NAME_X_PROTO,
    HTTP_NAME_X_FORWARDED, /* X-Forwarded-* but for those */
    HTTP_NAME_COUNT
};

enum http_name http_name_of(struct str name);

static inline bool
http_name_is_of_one_hop(enum http_name name)
{
    return name >= HTTP_NAME_CONNECTION && name <= HTTP_NAME_HOP;
}

/* Whether p[0..n) is the word, whatever the case of its letters; the word is n letters in lower
 * case, digits and '-'.  p may hold anything but control characters: then the bit that tells the
 * cases apart changes no other byte into one of these. */
static inline bool
http_name_eq(const char *p, const char *word, size_t n)
{
    const uint64_t lower = UINT64_MAX / 255 * 0x20;
    size_t i = 0;

    for (; n - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
        uint64_t a, b;

        memcpy(&a, p + i, sizeof(a));
        memcpy(&b, word + i, sizeof(b));
        if ((a | lower) != b)
            return false;
    }
    for (; i < n; i++) {
        if ((p[i] | 0x20) != word[i])
            return false;
    }
    return true;
}

#define HTTP_NAME_IS(name, word) \
    ((name).n == sizeof(word) - 1 && http_name_eq((name).p, (word), sizeof(word) - 1))

#endif
