/* SPDX-License-Identifier: Apache-2.0 */
#include "images/deflate_scan.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

enum {
    CODE_MAX = 15, /* bits of a code */
    LITLENS = 288,
    OFFSETS = 32,
    PRECODES = 19,
    END_OF_BLOCK = 256,
    LITLEN_TABLE = 11, /* bits looked up at once */
    OFFSET_TABLE = 9,
    /* A literal or length with its extra bits, then an offset with its own. */
    STEP_MAX = CODE_MAX + 5 + CODE_MAX + 13,
    BUFFERED_MIN = 56
};

/* What a table says of the bits that come: how many to skip, and what they were. */
enum { KIND_UNKNOWN, KIND_LITERALS, KIND_MATCH, KIND_END, KIND_SHIFT = 5, SKIP_MASK = 31 };

/* Canonical codes: how many there are of each length, and their symbols in order. */
struct code {
    uint16_t count[CODE_MAX + 1];
    uint16_t symbols[LITLENS];
};

struct scan {
    const unsigned char *begin, *end;
    const unsigned char *at; /* the next byte to load */
    uint64_t bits;
    unsigned n;  /* of bits, that count */
    bool beyond; /* the end was passed */
    struct code litlen, offset;
    uint8_t litlen_table[1 << LITLEN_TABLE];
    uint8_t offset_table[1 << OFFSET_TABLE]; /* bits to skip, 0 when unknown */
};

static const uint8_t offset_extra[OFFSETS] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                              6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};
static const uint8_t length_extra[LITLENS - END_OF_BLOCK - 1] = {
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};

/* ---- bits ---- */

/* At least BUFFERED_MIN bits; behind the end they are whatever lies there. */
static inline void
refill(struct scan *s)
{
    uint64_t word;

    if (s->at > s->end + DEFLATE_SCAN_PADDING - sizeof(word)) {
        s->beyond = true;
        s->n |= BUFFERED_MIN;
        return;
    }
    memcpy(&word, s->at, sizeof(word));
    s->bits |= le64toh(word) << s->n;
    s->at += (63 - s->n) >> 3;
    s->n |= BUFFERED_MIN;
}

static inline void
skip(struct scan *s, unsigned n)
{
    s->bits >>= n;
    s->n -= n;
}

/* n bits of those that are buffered. */
static unsigned
take(struct scan *s, unsigned n)
{
    unsigned v = (unsigned)(s->bits & ((1U << n) - 1));

    skip(s, n);
    return v;
}

static size_t
position(const struct scan *s)
{
    return (size_t)(s->at - s->begin) * 8 - s->n;
}

/* ---- codes ---- */

/* False when there are more codes than fit; fewer are allowed, as for a single offset. */
static bool
code_init(struct code *c, const uint8_t *lengths, unsigned n)
{
    uint16_t place[CODE_MAX + 1];
    int left = 1;

    memset(c->count, 0, sizeof(c->count));
    for (unsigned i = 0; i < n; i++)
        c->count[lengths[i]]++;
    c->count[0] = 0;
    place[1] = 0;
    for (unsigned i = 1; i <= CODE_MAX; i++) {
        left = left * 2 - c->count[i];
        if (left < 0)
            return false;
        if (i < CODE_MAX)
            place[i + 1] = (uint16_t)(place[i] + c->count[i]);
    }
    for (unsigned i = 0; i < n; i++)
        if (lengths[i] != 0)
            c->symbols[place[lengths[i]]++] = (uint16_t)i;
    return true;
}

/* The next symbol, bit by bit; -1 when no code is like that. */
static int
code_take(const struct code *c, struct scan *s)
{
    unsigned code = 0, first = 0, index = 0;

    for (unsigned length = 1; length <= CODE_MAX; length++) {
        code |= take(s, 1);
        if (code - first < c->count[length])
            return c->symbols[index + code - first];
        index += c->count[length];
        first = (first + c->count[length]) << 1;
        code <<= 1;
    }
    return -1;
}

static unsigned
reverse(unsigned code, unsigned n)
{
    unsigned r = 0;

    for (; n > 0; n--, code >>= 1)
        r = r << 1 | (code & 1);
    return r;
}

/* Calls for each code of at most table_bits: entries[what the bits begin with] = its length and
 * symbol.  Others become 0. */
struct entry {
    uint8_t length;
    uint16_t symbol;
};

static void
code_expand(const struct code *c, unsigned table_bits, struct entry *entries)
{
    unsigned code = 0, index = 0;

    memset(entries, 0, sizeof(*entries) << table_bits);
    for (unsigned length = 1; length <= table_bits; length++) {
        for (unsigned i = 0; i < c->count[length]; i++, index++, code++) {
            struct entry e = {(uint8_t)length, c->symbols[index]};

            for (unsigned at = reverse(code, length); at < 1U << table_bits; at += 1U << length)
                entries[at] = e;
        }
        code <<= 1;
    }
}

static unsigned
extra_of_length(unsigned symbol)
{
    return length_extra[symbol - END_OF_BLOCK - 1];
}

/* What the bits of one look-up come to: all literals that are whole, and what follows them if that
 * is whole as well. */
static uint8_t
join_steps(const struct entry *entries, unsigned bits)
{
    unsigned used = 0;

    for (;;) {
        struct entry e = entries[bits >> used];

        if (e.length == 0 || e.length > LITLEN_TABLE - used)
            return (uint8_t)(used == 0 ? KIND_UNKNOWN : KIND_LITERALS << KIND_SHIFT | used);
        used += e.length;
        if (e.symbol == END_OF_BLOCK)
            return (uint8_t)(KIND_END << KIND_SHIFT | used);
        if (e.symbol > END_OF_BLOCK)
            return (uint8_t)(KIND_MATCH << KIND_SHIFT | (used + extra_of_length(e.symbol)));
    }
}

static bool
build_tables(struct scan *s, const uint8_t *litlens, unsigned n_litlens, const uint8_t *offsets,
             unsigned n_offsets)
{
    struct entry entries[1 << LITLEN_TABLE];

    if (!code_init(&s->litlen, litlens, n_litlens) || !code_init(&s->offset, offsets, n_offsets))
        return false;
    code_expand(&s->litlen, LITLEN_TABLE, entries);
    for (unsigned i = 0; i < 1U << LITLEN_TABLE; i++)
        s->litlen_table[i] = join_steps(entries, i);
    code_expand(&s->offset, OFFSET_TABLE, entries);
    for (unsigned i = 0; i < 1U << OFFSET_TABLE; i++)
        s->offset_table[i] =
            (uint8_t)(entries[i].length == 0 ? 0
                                             : entries[i].length + offset_extra[entries[i].symbol]);
    return true;
}

/* ---- blocks ---- */

static bool
skip_offset(struct scan *s)
{
    unsigned n = s->offset_table[s->bits & ((1U << OFFSET_TABLE) - 1)];
    int symbol;

    if (n != 0) {
        skip(s, n);
        return true;
    }
    symbol = code_take(&s->offset, s);
    if (symbol < 0)
        return false;
    skip(s, offset_extra[symbol]);
    return true;
}

/* One code that the table does not have; returns its kind, KIND_UNKNOWN for none at all. */
static unsigned
skip_long_code(struct scan *s)
{
    int symbol = code_take(&s->litlen, s);

    if (symbol < 0)
        return KIND_UNKNOWN;
    if (symbol < END_OF_BLOCK)
        return KIND_LITERALS;
    if (symbol == END_OF_BLOCK)
        return KIND_END;
    skip(s, extra_of_length((unsigned)symbol));
    return KIND_MATCH;
}

static bool
skip_codes(struct scan *s)
{
    for (;;) {
        unsigned step, kind;

        if (s->n < STEP_MAX) {
            refill(s);
            if (s->beyond)
                return false;
        }
        step = s->litlen_table[s->bits & ((1U << LITLEN_TABLE) - 1)];
        kind = step >> KIND_SHIFT;
        if (kind != KIND_UNKNOWN)
            skip(s, step & SKIP_MASK);
        else
            kind = skip_long_code(s);
        if (kind == KIND_MATCH) {
            if (!skip_offset(s))
                return false;
        } else if (kind != KIND_LITERALS) {
            return kind == KIND_END;
        }
    }
}

static bool
skip_stored(struct scan *s)
{
    const unsigned char *p = s->begin + (position(s) + 7) / 8;
    unsigned length;

    if (p > s->end || s->end - p < 4)
        return false;
    length = p[0] | (unsigned)p[1] << 8;
    if ((length ^ (p[2] | (unsigned)p[3] << 8)) != 0xFFFF || (size_t)(s->end - p) - 4 < length)
        return false;
    s->at = p + 4 + length;
    s->bits = 0;
    s->n = 0;
    return true;
}

static bool
skip_fixed(struct scan *s)
{
    uint8_t litlens[LITLENS], offsets[OFFSETS];

    memset(litlens, 8, LITLENS);
    memset(litlens + 144, 9, 112);
    memset(litlens + 256, 7, 24);
    memset(offsets, 5, OFFSETS);
    return build_tables(s, litlens, LITLENS, offsets, OFFSETS) && skip_codes(s);
}

/* The lengths of n codes, which are coded themselves. */
static bool
take_lengths(struct scan *s, const struct code *precode, uint8_t *lengths, unsigned n)
{
    unsigned i = 0;

    while (i < n) {
        unsigned times = 1;
        uint8_t length = 0;
        int symbol;

        refill(s);
        symbol = code_take(precode, s);
        if (symbol < 0 || s->beyond || (symbol == 16 && i == 0))
            return false;
        if (symbol < 16)
            length = (uint8_t)symbol;
        else if (symbol == 16) {
            length = lengths[i - 1];
            times = 3 + take(s, 2);
        } else
            times = symbol == 17 ? 3 + take(s, 3) : 11 + take(s, 7);
        if (times > n - i)
            return false;
        memset(lengths + i, length, times);
        i += times;
    }
    return true;
}

static bool
skip_dynamic(struct scan *s)
{
    static const uint8_t order[PRECODES] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                            11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint8_t prelengths[PRECODES] = {0}, lengths[LITLENS + OFFSETS];
    unsigned litlens = 257 + take(s, 5), offsets = 1 + take(s, 5), prelens = 4 + take(s, 4);
    struct code precode;

    if (litlens > 286 || offsets > 30)
        return false;
    for (unsigned i = 0; i < prelens; i++) {
        refill(s);
        prelengths[order[i]] = (uint8_t)take(s, 3);
    }
    return code_init(&precode, prelengths, PRECODES) &&
           take_lengths(s, &precode, lengths, litlens + offsets) &&
           build_tables(s, lengths, litlens, lengths + litlens, offsets) && skip_codes(s);
}

static bool
skip_block(struct scan *s, unsigned type)
{
    switch (type) {
    case 0:
        return skip_stored(s);
    case 1:
        return skip_fixed(s);
    case 2:
        return skip_dynamic(s);
    default:
        return false;
    }
}

bool
deflate_scan(const unsigned char *p, size_t n, struct deflate_scan *out)
{
    struct scan s = {.begin = p, .end = p + n, .at = p};
    unsigned final;

    do {
        out->last_block = position(&s);
        refill(&s);
        final = take(&s, 1);
        if (!skip_block(&s, take(&s, 2)) || s.beyond)
            return false;
    } while (!final);
    out->end = position(&s);
    return (out->end + 7) / 8 == n;
}
