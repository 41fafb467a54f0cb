/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include "base/buf.h"

/* RFC 3629 section 4: the lead byte gives the length and the range of the second byte, which is
 * what rules out overlong forms and surrogates. */
static const struct {
    unsigned char first, last;
    unsigned char len;
    unsigned char second_min, second_max;
} leads[] = {
    {0x00, 0x7f, 1, 0, 0},       {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

size_t
utf8_char_len(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;

    for (size_t i = 0; s.n > 0 && i < ARRAY_LEN(leads); i++) {
        size_t len = leads[i].len;

        if (p[0] < leads[i].first || p[0] > leads[i].last)
            continue;
        if (s.n < len || (len > 1 && (p[1] < leads[i].second_min || p[1] > leads[i].second_max)))
            return 0;
        for (size_t k = 2; k < len; k++) {
            if (p[k] < 0x80 || p[k] > 0xbf)
                return 0;
        }
        return len;
    }
    return 0;
}

bool
utf8_is_valid(struct str s)
{
    while (s.n > 0) {
        size_t len = utf8_char_len(s);

        if (len == 0)
            return false;
        s.p += len;
        s.n -= len;
    }
    return true;
}

void
utf8_repair(struct str s, struct buf *out)
{
    while (s.n > 0) {
        size_t len = utf8_char_len(s);

        if (len > 0)
            buf_append(out, s.p, len);
        else
            buf_append_str(out, "\xef\xbf\xbd");
        len = len > 0 ? len : 1;
        s.p += len;
        s.n -= len;
    }
}
