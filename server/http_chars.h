/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_CHARS_H
#define SERVER_HTTP_CHARS_H

/* What each byte may stand for in an HTTP/1.1 message: one table, a bit a class. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "server/bytes.h"

enum {
    HTTP_CHAR_TOKEN = 1, /* RFC 9110 5.6.2 */
    HTTP_CHAR_VALUE = 2, /* a field's content: visible, obs-text, blank, tab */
    HTTP_CHAR_PATH = 4,  /* RFC 3986 pchar and '/', and what browsers leave unescaped */
    HTTP_CHAR_QUERY = 8,
    HTTP_CHAR_HOST = 16, /* reg-name, without its escapes */
    HTTP_CHAR_HEX = 32,
    HTTP_CHAR_DIGIT = 64,
    HTTP_CHAR_PLAIN = 128 /* of HTTP_CHAR_PATH those that stand for themselves: no '%', no '.' */
};

extern const unsigned char http_chars_table[256];

static inline bool
http_chars_is(char c, unsigned classes)
{
    return (http_chars_table[(unsigned char)c] & classes) != 0;
}

/* How many bytes at the start of p belong to one of the classes. */
static inline size_t
http_chars_span(const char *p, size_t n, unsigned classes)
{
    size_t i = 0;

    while (i < n && http_chars_is(p[i], classes))
        i++;
    return i;
}

/* How many bytes at the start of p may stand in a field's value, as http_chars_span() counts them,
 * but eight at a time: most of a head is such. */
size_t http_chars_value_span(const char *p, size_t n);

/* All bytes of s do (true for an empty one). */
static inline bool
http_chars_all(struct str s, unsigned classes)
{
    return http_chars_span(s.p, s.n, classes) == s.n;
}

/* The same for HTTP_CHAR_VALUE, quickly for text without tabs. */
static inline bool
http_chars_all_value(struct str s)
{
    size_t i = 0;

    while (s.n - i >= BYTES_WORD && bytes_word_is_text(bytes_word(s.p + i)))
        i += BYTES_WORD;
    return i == s.n || http_chars_all((struct str){s.p + i, s.n - i}, HTTP_CHAR_VALUE);
}

/* Goes over lines "name: value CRLF" that were checked before: *iter starts as 0; false at the end.
 */
bool http_chars_next_field(struct str lines, uint32_t *iter, struct str *name, struct str *value);

/* The value of a hexadecimal digit, -1 for any other byte. */
int http_chars_hex(char c);

/* s without blanks and tabs at its ends (OWS of RFC 9110). */
static inline struct str
http_chars_trim(struct str s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

#endif
