/* SPDX-License-Identifier: Apache-2.0 */
#include "server/json_text.h"

#include "base/buf.h"

/* Bytes of the well-formed UTF-8 sequence at p, or 0 (Unicode, table 3-7). */
static size_t
utf8_length(const unsigned char *p, size_t n)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t length;

    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xc2 && p[0] <= 0xdf)
        length = 2;
    else if (p[0] >= 0xe0 && p[0] <= 0xef)
        length = 3;
    else if (p[0] >= 0xf0 && p[0] <= 0xf4)
        length = 4;
    else
        return 0;
    if (p[0] == 0xe0)
        low = 0xa0; /* else overlong */
    else if (p[0] == 0xed)
        high = 0x9f; /* else a surrogate */
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xf4)
        high = 0x8f; /* else above U+10FFFF */
    if (n < length || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++) {
        if (p[i] < 0x80 || p[i] > 0xbf)
            return 0;
    }
    return length;
}

static void
append_escaped(struct buf *out, unsigned char c)
{
    static const char names[] = "btn?fr"; /* of 8 to 13; 11 has none */

    if (c == '"' || c == '\\')
        buf_appendf(out, "\\%c", c);
    else if (c >= 8 && c <= 13 && c != 11)
        buf_appendf(out, "\\%c", names[c - 8]);
    else
        buf_appendf(out, "\\u%04x", c);
}

void
json_text_string(struct buf *out, struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t from = 0;
    size_t i = 0;

    buf_append_char(out, '"');
    while (i < s.n) {
        bool plain = p[i] >= 0x20 && p[i] != '"' && p[i] != '\\';
        size_t length = plain ? utf8_length(p + i, s.n - i) : 0;

        if (length > 0) {
            i += length;
            continue;
        }
        buf_append(out, p + from, i - from);
        if (plain)
            buf_append_str(out, "\xef\xbf\xbd");
        else
            append_escaped(out, p[i]);
        from = ++i;
    }
    buf_append(out, p + from, s.n - from);
    buf_append_char(out, '"');
}
