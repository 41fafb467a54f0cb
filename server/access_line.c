/* SPDX-License-Identifier: Apache-2.0 */
#include "server/access_line.h"

#include "base/utf8.h"

enum { NUMBER_MAX = 20, ESCAPE_MAX = 6 };

/* What may stand in a line as it is; in JSON bytes above 0x7f are looked at as UTF-8. */
static const bool plain_table[256] = {
    [' '] = true,
    ['!'] = true,
    ['#' ... '['] = true,
    [']' ... '~'] = true,
};

void
access_line_number(struct access_line *l, uint64_t v)
{
    uint64_t power = 1000;
    unsigned width = 3;

    /* Most are a status, an octet or a short time. */
    if (v < 10) {
        *l->p++ = (char)('0' + v);
        return;
    }
    if (v < 1000) {
        access_line_digits(l, v, v < 100 ? 2 : 3);
        return;
    }

    while (width < NUMBER_MAX - 1 && v >= power) {
        power *= 10;
        width++;
    }
    access_line_digits(l, v, width + (width == NUMBER_MAX - 1 && v >= power));
}

void
access_line_digits(struct access_line *l, uint64_t v, unsigned width)
{
    for (unsigned i = width; i > 0; i--) {
        l->p[i - 1] = (char)('0' + v % 10);
        v /= 10;
    }
    l->p += width;
}

void
access_line_no_text(struct access_line *l)
{
    l->lacks = true;
    if (!l->json)
        *l->p++ = '-';
}

void
access_line_no_number(struct access_line *l)
{
    l->lacks = true;
    if (l->json)
        ACCESS_LINE_LIT(l, "null");
    else
        *l->p++ = '-';
}

/* One character that cannot stand as it is: how many bytes of the value it was, and what it
 * becomes.
 */
static size_t
escape(bool json, struct str value, char out[ESCAPE_MAX], size_t *out_n)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char c = (unsigned char)value.p[0];

    if (c == '"' || c == '\\') {
        out[0] = '\\';
        out[1] = (char)c;
        *out_n = 2;
        return 1;
    }
    /* Many readers of JSON do not take a NUL, however it is written. */
    if (json && (c >= 0x80 || c == 0)) {
        size_t n = c == 0 ? 0 : utf8_char_len(value);

        memcpy(out, n > 0 ? value.p : "\xef\xbf\xbd", n > 0 ? n : 3);
        *out_n = n > 0 ? n : 3;
        return n > 0 ? n : 1;
    }
    memcpy(out, json ? "\\u00" : "\\x", json ? 4 : 2);
    *out_n = json ? 6 : 4;
    out[*out_n - 2] = hex[c >> 4];
    out[*out_n - 1] = hex[c & 15];
    return 1;
}

void
access_line_value(struct access_line *l, struct str value)
{
    size_t left = l->end > l->p ? (size_t)(l->end - l->p) / 2 : 0;
    char text[ESCAPE_MAX];

    while (value.n > 0) {
        size_t most = value.n < left ? value.n : left;
        size_t plain = 0;
        size_t used;
        size_t n;

        while (plain < most && plain_table[(unsigned char)value.p[plain]]) {
            l->p[plain] = value.p[plain];
            plain++;
        }
        l->p += plain;
        left -= plain;
        value.p += plain;
        value.n -= plain;
        if (value.n == 0 || left == 0)
            return;
        used = escape(l->json, value, text, &n);
        if (n > left)
            return;
        access_line_raw(l, text, n);
        left -= n;
        value.p += used;
        value.n -= used;
    }
}
