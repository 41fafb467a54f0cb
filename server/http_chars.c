/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_chars.h"

#include <stdint.h>

#define IN(c, low, high) ((c) >= (low) && (c) <= (high))
#define IS_DIGIT(c)      IN(c, '0', '9')
#define IS_ALNUM(c)      (IS_DIGIT(c) || IN(c, 'a', 'z') || IN(c, 'A', 'Z'))
#define IS_HEX(c)        (IS_DIGIT(c) || IN(c, 'a', 'f') || IN(c, 'A', 'F'))

#define IS_MARK(c)       ((c) == '-' || (c) == '.' || (c) == '_' || (c) == '~')
#define IS_UNRESERVED(c) (IS_ALNUM(c) || IS_MARK(c))
#define IS_SUB_DELIM(c)                                                                   \
    ((c) == '!' || (c) == '$' || (c) == '&' || (c) == '\'' || (c) == '(' || (c) == ')' || \
     (c) == '*' || (c) == '+' || (c) == ',' || (c) == ';' || (c) == '=')

#define IS_TOKEN(c)                                                                            \
    (IS_UNRESERVED(c) || (c) == '!' || (c) == '#' || (c) == '$' || (c) == '%' || (c) == '&' || \
     (c) == '\'' || (c) == '*' || (c) == '+' || (c) == '^' || (c) == '`' || (c) == '|')

#define IS_VALUE(c) ((c) == '\t' || IN(c, 0x20, 0x7e) || (c) >= 0x80)

/* Browsers follow the URL standard of the WHATWG, which leaves more unescaped than RFC 3986 allows:
 * refusing those would refuse people, and none of them can end or split a request line. */
#define IS_PATH(c)                                                                    \
    (IS_UNRESERVED(c) || IS_SUB_DELIM(c) || (c) == ':' || (c) == '@' || (c) == '/' || \
     (c) == '%' || (c) == '[' || (c) == ']' || (c) == '^' || (c) == '|')
#define IS_QUERY(c) \
    (IS_PATH(c) || (c) == '?' || (c) == '\\' || (c) == '`' || (c) == '{' || (c) == '}')
/* Without the comma of RFC 3986's sub-delims: no host has one, and "a,b" is two Host fields that
 * were joined on the way. */
#define IS_HOST(c) (IS_UNRESERVED(c) || (IS_SUB_DELIM(c) && (c) != ','))

#define CLASSES(c)                                                                              \
    (unsigned char)((IS_TOKEN(c) ? HTTP_CHAR_TOKEN : 0) | (IS_VALUE(c) ? HTTP_CHAR_VALUE : 0) | \
                    (IS_PATH(c) ? HTTP_CHAR_PATH : 0) | (IS_QUERY(c) ? HTTP_CHAR_QUERY : 0) |   \
                    (IS_HOST(c) ? HTTP_CHAR_HOST : 0) | (IS_HEX(c) ? HTTP_CHAR_HEX : 0) |       \
                    (IS_DIGIT(c) ? HTTP_CHAR_DIGIT : 0) |                                       \
                    (IS_PATH(c) && (c) != '%' && (c) != '.' ? HTTP_CHAR_PLAIN : 0))
#define FOUR(c)    CLASSES(c), CLASSES((c) + 1), CLASSES((c) + 2), CLASSES((c) + 3)
#define SIXTEEN(c) FOUR(c), FOUR((c) + 4), FOUR((c) + 8), FOUR((c) + 12)

const unsigned char http_chars_table[256] = {
    SIXTEEN(0x00), SIXTEEN(0x10), SIXTEEN(0x20), SIXTEEN(0x30), SIXTEEN(0x40), SIXTEEN(0x50),
    SIXTEEN(0x60), SIXTEEN(0x70), SIXTEEN(0x80), SIXTEEN(0x90), SIXTEEN(0xa0), SIXTEEN(0xb0),
    SIXTEEN(0xc0), SIXTEEN(0xd0), SIXTEEN(0xe0), SIXTEEN(0xf0),
};

int
http_chars_hex(char c)
{
    if (IS_DIGIT(c))
        return c - '0';
    if (IN(c, 'a', 'f'))
        return c - 'a' + 10;
    if (IN(c, 'A', 'F'))
        return c - 'A' + 10;
    return -1;
}

size_t
http_chars_value_span(const char *p, size_t n)
{
    size_t i = 0;

    while (n - i >= BYTES_WORD && bytes_word_is_text(bytes_word(p + i)))
        i += BYTES_WORD;
    return i + http_chars_span(p + i, n - i, HTTP_CHAR_VALUE);
}

bool
http_chars_next_field(struct str lines, uint32_t *iter, struct str *name, struct str *value)
{
    struct str rest = {lines.p + *iter, lines.n - *iter};
    struct str line;

    if (rest.n == 0)
        return false;
    line = str_cut(&rest, '\n');
    *iter += (uint32_t)line.n + 1;
    line.n--; /* the CR */
    *name = str_cut(&line, ':');
    *value = http_chars_trim(line);
    return true;
}
