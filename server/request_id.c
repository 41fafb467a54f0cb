/* SPDX-License-Identifier: Apache-2.0 */
#include "server/request_id.h"

#include <stddef.h>
#include <string.h>
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

/* Eight digits at a time: each half byte into a byte of its own, then all of them to ASCII. */
static uint64_t
hex_digits(uint32_t v)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t x = v;
    uint64_t letters;

    x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
    x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x | x << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    letters = (x + 6 * each) >> 4 & each;
    return x + '0' * each + letters * ('a' - '0' - 10);
}

void
request_id_make(struct request_id *r, char out[REQUEST_ID_NEW])
{
    for (int half = 0; half < 2; half++) {
        uint64_t v = next(r->state);
        uint64_t text[2] = {hex_digits((uint32_t)v), hex_digits((uint32_t)(v >> 32))};

        memcpy(out, text, sizeof(text));
        out += sizeof(text);
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
