/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_chunk.h"

#include <string.h>

#include "server/http_chars.h"

enum {
    DIGITS_MAX = 15, /* 2^60 bytes: below every overflow, above every limit */
    OVERHEAD_MAX = 8 * 1024
};

enum state {
    SIZE,
    SIZE_BLANK, /* blanks that only an extension may follow */
    EXT_NAME_START,
    EXT_NAME,
    EXT_NAME_BLANK,
    EXT_VALUE_START,
    EXT_VALUE,
    EXT_QUOTED,
    EXT_ESCAPED,
    EXT_QUOTE_END,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_START,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    END_LF,
    END,
    BROKEN
};

void
http_chunk_init(struct http_chunk *c)
{
    memset(c, 0, sizeof(*c));
}

static enum state
after_size(char c)
{
    switch (c) {
    case '\r':
        return SIZE_LF;
    case ';':
        return EXT_NAME_START;
    case ' ':
    case '\t':
        return SIZE_BLANK;
    default:
        return BROKEN;
    }
}

static enum state
on_size(struct http_chunk *c, char byte)
{
    int digit = http_chars_hex(byte);

    if (digit < 0)
        return c->digits > 0 ? after_size(byte) : BROKEN;
    if (c->digits == DIGITS_MAX)
        return BROKEN;
    c->digits++;
    c->left = c->left * 16 + (unsigned)digit;
    return SIZE;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ) */
static enum state
on_extension(enum state state, char c)
{
    bool token = http_chars_is(c, HTTP_CHAR_TOKEN);
    bool value = http_chars_is(c, HTTP_CHAR_VALUE);

    switch (state) {
    case EXT_NAME_START:
        return token ? EXT_NAME : is_blank(c) ? EXT_NAME_START : BROKEN;
    case EXT_NAME:
        if (token)
            return EXT_NAME;
        if (c == '=')
            return EXT_VALUE_START;
        return is_blank(c) ? EXT_NAME_BLANK : after_size(c);
    case EXT_NAME_BLANK:
        if (c == '=')
            return EXT_VALUE_START;
        return is_blank(c) ? EXT_NAME_BLANK : c == ';' ? EXT_NAME_START : BROKEN;
    case EXT_VALUE_START:
        if (c == '"')
            return EXT_QUOTED;
        return token ? EXT_VALUE : is_blank(c) ? EXT_VALUE_START : BROKEN;
    case EXT_VALUE:
        return token ? EXT_VALUE : after_size(c);
    case EXT_QUOTED:
        if (c == '"')
            return EXT_QUOTE_END;
        return c == '\\' ? EXT_ESCAPED : value ? EXT_QUOTED : BROKEN;
    case EXT_ESCAPED:
        return value ? EXT_QUOTED : BROKEN;
    default:
        return after_size(c);
    }
}

static enum state
on_trailer(enum state state, char c)
{
    bool token = http_chars_is(c, HTTP_CHAR_TOKEN);

    switch (state) {
    case TRAILER_START:
        return c == '\r' ? END_LF : token ? TRAILER_NAME : BROKEN;
    case TRAILER_NAME:
        return c == ':' ? TRAILER_VALUE : token ? TRAILER_NAME : BROKEN;
    case TRAILER_VALUE:
        return c == '\r' ? TRAILER_LF : http_chars_is(c, HTTP_CHAR_VALUE) ? TRAILER_VALUE : BROKEN;
    default:
        return c == '\n' ? TRAILER_START : BROKEN;
    }
}

static enum state
on_byte(struct http_chunk *c, char byte)
{
    enum state state = (enum state)c->state;

    switch (state) {
    case SIZE:
        return on_size(c, byte);
    case SIZE_BLANK:
        return byte == '\r' ? BROKEN : after_size(byte);
    case SIZE_LF:
        if (byte != '\n')
            return BROKEN;
        c->digits = 0;
        return c->left > 0 ? DATA : TRAILER_START;
    case DATA_CR:
        return byte == '\r' ? DATA_LF : BROKEN;
    case DATA_LF:
        return byte == '\n' ? SIZE : BROKEN;
    case TRAILER_START:
    case TRAILER_NAME:
    case TRAILER_VALUE:
    case TRAILER_LF:
        return on_trailer(state, byte);
    case END_LF:
        return byte == '\n' ? END : BROKEN;
    default:
        return on_extension(state, byte);
    }
}

/* Size digits and line ends come with every chunk; only what the sender may stretch at will is
 * counted. */
static bool
is_overhead(uint8_t state)
{
    return state != SIZE && state != SIZE_LF && state != DATA_CR && state != DATA_LF;
}

int
http_chunk_decode(struct http_chunk *c, const char *p, size_t n, size_t *used, struct str *data)
{
    size_t i = 0;

    while (i < n && c->state != END && c->state != BROKEN) {
        if (c->state == DATA) {
            size_t part = c->left < n - i ? (size_t)c->left : n - i;

            *data = (struct str){p + i, part};
            *used = i + part;
            c->left -= part;
            if (c->left == 0)
                c->state = DATA_CR;
            return HTTP_CHUNK_DATA;
        }
        if (is_overhead(c->state) && ++c->overhead > OVERHEAD_MAX)
            return 431;
        c->state = (uint8_t)on_byte(c, p[i++]);
    }
    *used = i;
    if (c->state == BROKEN)
        return 400;
    return c->state == END ? HTTP_CHUNK_DONE : HTTP_CHUNK_MORE;
}

uint64_t
http_chunk_announced(const struct http_chunk *c)
{
    return c->state == DATA ? c->left : 0;
}
