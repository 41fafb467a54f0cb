/* SPDX-License-Identifier: Apache-2.0 */
#include "server/request_id.h"

#include <stddef.h>
#include <sys/random.h>

#include "base/err.h"

int
request_id_init(struct request_id *r, struct err *err)
{
    /* Seeds of this size are never given in parts (getrandom(2)). */
    if (getrandom(r->state, sizeof(r->state), 0) != (ssize_t)sizeof(r->state))
        return err_sys(err, "getrandom");
    r->state[0] |= 1; /* the one state that it cannot leave is all zeros */
    return 0;
}

static uint64_t
rotate(uint64_t v, unsigned by)
{
    return v << by | v >> (64 - by);
}

/* xoshiro256++ by Blackman and Vigna, https://prng.di.unimi.it/ */
static uint64_t
next(uint64_t s[4])
{
    uint64_t result = rotate(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

void
request_id_make(struct request_id *r, char out[REQUEST_ID_NEW])
{
    static const char hex[] = "0123456789abcdef";

    for (int half = 0; half < 2; half++) {
        uint64_t v = next(r->state);

        for (int i = 0; i < REQUEST_ID_NEW / 2; i++) {
            *out++ = hex[v & 15];
            v >>= 4;
        }
    }
}

bool
request_id_is_sane(struct str id)
{
    static const char others[] = "-_.:;=+/@";

    if (id.n == 0 || id.n > REQUEST_ID_MAX)
        return false;
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];

        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            memchr(others, c, sizeof(others) - 1) == NULL)
            return false;
    }
    return true;
}
