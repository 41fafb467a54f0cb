/* SPDX-License-Identifier: Apache-2.0 */
#include "server/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/attr.h"

enum { LONGEST = 40 };

/* In memory of just this length, so that a sanitizer sees a byte too far. */
static char *
exact(const char *bytes, size_t n)
{
    char *p = malloc(n > 0 ? n : 1);

    assert_non_null(p);
    memcpy(p, bytes, n);
    return p;
}

static void
finds_the_first(void **state)
{
    char text[LONGEST];

    (void)state;
    for (size_t n = 0; n <= sizeof(text); n++) {
        for (size_t at = 0; at <= n; at++) {
            char *p;

            /* A byte of 1 above the one that is looked for must not be taken for it. */
            memset(text, 'k', sizeof(text));
            memset(text + at, '\n' ^ 1, sizeof(text) - at);
            if (at < n)
                text[at] = '\n';
            p = exact(text, n);
            assert_int_equal(bytes_find(p, n, '\n'), at);
            free(p);
        }
    }
}

static void
compares_and_copies(void **state)
{
    char text[LONGEST];

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i * 7);
    for (size_t n = 0; n <= sizeof(text); n++) {
        char *a = exact(text, n);
        char *b = exact("................................................", n);

        assert_ptr_equal(bytes_copy(b, a, n), b + n);
        assert_memory_equal(a, b, n);
        assert_true(bytes_equal(a, b, n));
        for (size_t i = 0; i < n; i++) {
            b[i] ^= 0x40;
            assert_false(bytes_equal(a, b, n));
            b[i] ^= 0x40;
        }
        free(a);
        free(b);
    }
}

static void
clears_nothing_beyond(void **state)
{
    char text[128];

    (void)state;
    for (size_t n = 0; n < sizeof(text); n++) {
        memset(text, 'x', sizeof(text));
        bytes_clear(text, n);
        for (size_t i = 0; i < sizeof(text); i++)
            assert_int_equal(text[i], i < n ? 0 : 'x');
    }
}

static void
knows_text(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        for (int at = 0; at < BYTES_WORD; at++) {
            char text[] = "\x80 ~\xff!azA";
            bool is_text = (c >= ' ' && c < 0x7f) || c >= 0x80;

            text[at] = (char)c;
            assert_int_equal(bytes_word_is_text(bytes_word(text)), is_text);
        }
    }
}

static void
numbers_are_written_in_decimal(void **state)
{
    static const struct {
        uint64_t v;
        const char *text;
    } cases[] = {
        {0, "0"}, {7, "7"}, {10, "10"}, {65535, "65535"}, {UINT64_MAX, "18446744073709551615"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char out[20];
        char *end = bytes_put_number(out, cases[i].v);

        assert_int_equal(end - out, strlen(cases[i].text));
        assert_memory_equal(out, cases[i].text, strlen(cases[i].text));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_first),
        cmocka_unit_test(compares_and_copies),
        cmocka_unit_test(clears_nothing_beyond),
        cmocka_unit_test(knows_text),
        cmocka_unit_test(numbers_are_written_in_decimal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
