/* SPDX-License-Identifier: Apache-2.0 */
#include "server/json_text.h"

#include <stdint.h>
#include <string.h>

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

/* How many bytes at the start stand for themselves and are ASCII: no control, quote or backslash.
 * Nearly all of most texts is such, so eight are looked at together: byte by byte this took half of
 * the time of a request for 20 posts. */
static size_t
plain_ascii(const unsigned char *p, size_t n)
{
    const uint64_t ones = UINT64_MAX / 255;
    size_t i = 0;

    for (; n - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
        uint64_t w, quote, backslash;

        memcpy(&w, p + i, sizeof(w));
        quote = w ^ ones * '"';
        backslash = w ^ ones * '\\';
        /* The high bit of a byte: it is no ASCII, or the subtraction made it borrow. */
        if (((w | (w - ones * 0x20) | (quote - ones) | (backslash - ones)) & ones * 0x80) != 0)
            break;
    }
    while (i < n && p[i] >= 0x20 && p[i] < 0x80 && p[i] != '"' && p[i] != '\\')
        i++;
    return i;
}

static void
append_whole(struct buf *out, struct str s)
{
    char *room = buf_room(out, s.n + 2);

    if (room == NULL)
        return;
    room[0] = '"';
    if (s.n > 0)
        memcpy(room + 1, s.p, s.n);
    room[s.n + 1] = '"';
    buf_added(out, s.n + 2);
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
    size_t i = plain_ascii(p, s.n);

    if (i == s.n) {
        append_whole(out, s);
        return;
    }
    buf_append_char(out, '"');
    while (i < s.n) {
        bool plain = p[i] >= 0x20 && p[i] != '"' && p[i] != '\\';
        size_t length = plain ? utf8_length(p + i, s.n - i) : 0;

        if (length == 0) {
            buf_append(out, p + from, i - from);
            if (plain)
                buf_append_str(out, "\xef\xbf\xbd");
            else
                append_escaped(out, p[i]);
            from = i + 1;
            length = 1;
        }
        i += length;
        i += plain_ascii(p + i, s.n - i);
    }
    buf_append(out, p + from, s.n - from);
    buf_append_char(out, '"');
}
