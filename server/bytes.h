/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_BYTES_H
#define SERVER_BYTES_H

/*
 * Short runs of bytes, several at a time and without a call: what a request's lines, paths and
 * heads are made of.  The C library's functions are for long runs.  Those of musl go byte by byte
 * until an address is aligned, and copy and clear with "rep" instructions, which take some 30 ns to
 * begin: as long as 600 bytes take here.  Nothing is read beyond the n bytes.
 */

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { BYTES_WORD = sizeof(uint64_t) };

#define BYTES_ALL(c) (UINT64_C(0x0101010101010101) * (unsigned char)(c))
#define BYTES_HIGH   UINT64_C(0x8080808080808080)

/* The first byte is the lowest one, whatever the machine's order. */
static inline uint64_t
bytes_word(const char *p)
{
    uint64_t w;

    memcpy(&w, p, sizeof(w));
    return le64toh(w);
}

/* The highest bit of each byte that is 0, exact up to the first of them: above it a byte of 1 may
 * have its bit as well. */
static inline uint64_t
bytes_zeros(uint64_t w)
{
    return (w - BYTES_ALL(1)) & ~w & BYTES_HIGH;
}

/* Where the first c is; n when there is none. */
static inline size_t
bytes_find(const char *p, size_t n, char c)
{
    size_t i = 0;

    for (; n - i >= BYTES_WORD; i += BYTES_WORD) {
        uint64_t hits = bytes_zeros(bytes_word(p + i) ^ BYTES_ALL(c));

        if (hits != 0)
            return i + (size_t)__builtin_ctzll(hits) / 8;
    }
    while (i < n && p[i] != c)
        i++;
    return i;
}

static inline bool
bytes_equal(const char *a, const char *b, size_t n)
{
    size_t i = 0;

    if (n >= BYTES_WORD) {
        for (; n - i > BYTES_WORD; i += BYTES_WORD) {
            if (bytes_word(a + i) != bytes_word(b + i))
                return false;
        }
        /* The last eight, some of them for the second time. */
        return bytes_word(a + n - BYTES_WORD) == bytes_word(b + n - BYTES_WORD);
    }
    while (i < n && a[i] == b[i])
        i++;
    return i == n;
}

/* Copies and returns what follows; the two must not overlap. */
static inline char *
bytes_copy(char *to, const char *from, size_t n)
{
    enum { STEP = 32 };
    size_t i = 0;

    if (n >= STEP) {
        for (; n - i > STEP; i += STEP)
            memcpy(to + i, from + i, STEP);
        memcpy(to + n - STEP, from + n - STEP, STEP);
        return to + n;
    }
    for (; n - i >= BYTES_WORD; i += BYTES_WORD)
        memcpy(to + i, from + i, BYTES_WORD);
    while (i < n) {
        to[i] = from[i];
        i++;
    }
    return to + n;
}

/* Zeros for n bytes, n a constant.  Of a whole struct at once the compiler makes "rep stos", which
 * takes longer to begin than this to end. */
static inline void
bytes_clear(void *p, size_t n)
{
    enum { BLOCK = 64 };
    char *at = p;

    for (; n >= BLOCK; n -= BLOCK, at += BLOCK)
        memset(at, 0, BLOCK);
    for (; n >= BYTES_WORD; n -= BYTES_WORD, at += BYTES_WORD)
        memset(at, 0, BYTES_WORD);
    for (; n > 0; n--)
        *at++ = 0;
}

/* Whether all eight are blank, visible or above ASCII. */
static inline bool
bytes_word_is_text(uint64_t w)
{
    uint64_t below_blank = (w - BYTES_ALL(' ')) & ~w;

    return ((below_blank | bytes_zeros(w ^ BYTES_ALL(0x7f))) & BYTES_HIGH) == 0;
}

/* v in decimal, up to 20 digits, without a NUL; returns where it ends. */
static inline char *
bytes_put_number(char *p, uint64_t v)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    while (at < sizeof(digits))
        *p++ = digits[at++];
    return p;
}

#endif
