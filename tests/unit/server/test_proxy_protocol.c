/* SPDX-License-Identifier: Apache-2.0 */
#include "server/proxy_protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

enum { LIMIT = 1024 };

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4        "\xc0\x00\x02\x01\xc0\x00\x02\x02\x13\x88\x00\x50"
#define V6                                                                                 \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02" \
    "\x13\x88\x00\x50"

static const struct {
    struct str text;
    const char *source; /* NULL: none */
} good[] = {
    {STR_LIT("PROXY TCP4 192.0.2.1 192.0.2.2 5000 80\r\n"), "192.0.2.1:5000"},
    {STR_LIT("PROXY TCP6 2001:db8::1 2001:db8::2 5000 80\r\n"), "[2001:db8::1]:5000"},
    {STR_LIT("PROXY UNKNOWN\r\n"), NULL},
    {STR_LIT("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), NULL},
    {STR_LIT(SIGNATURE "\x21\x11\x00\x0c" V4), "192.0.2.1:5000"},
    {STR_LIT(SIGNATURE "\x21\x21\x00\x24" V6), "[2001:db8::1]:5000"},
    {STR_LIT(SIGNATURE "\x21\x11\x00\x10" V4 "\x04\x00\x01x"), "192.0.2.1:5000"},
    {STR_LIT(SIGNATURE "\x20\x11\x00\x0c" V4), NULL},
    {STR_LIT(SIGNATURE "\x20\x00\x00\x00"), NULL},
    {STR_LIT(SIGNATURE "\x21\x31\x00\x03xyz"), NULL},
};

static const struct str bad[] = {
    STR_LIT("GET / HTTP/1.1\r\n\r\n"),
    STR_LIT("PROXY  TCP4 192.0.2.1 192.0.2.2 5000 80\r\n"),
    STR_LIT("PROXY TCP4 192.0.2.1 192.0.2.2 5000 80\n"),
    STR_LIT("PROXY TCP4 192.0.2.1 192.0.2.2 5000 80 \r\n"),
    STR_LIT("PROXY TCP4 192.0.2.1 192.0.2.2 5000\r\n"),
    STR_LIT("PROXY TCP4 192.0.2.1 192.0.2.2 65536 80\r\n"),
    STR_LIT("PROXY TCP4 192.0.2.1 192.0.2.2 -1 80\r\n"),
    STR_LIT("PROXY TCP4 192.0.2.256 192.0.2.2 5000 80\r\n"),
    STR_LIT("PROXY TCP4 2001:db8::1 2001:db8::2 5000 80\r\n"),
    STR_LIT("PROXY TCP6 192.0.2.1 192.0.2.2 5000 80\r\n"),
    STR_LIT("PROXY UDP4 192.0.2.1 192.0.2.2 5000 80\r\n"),
    STR_LIT("PROXY\r\n"),
    STR_LIT("PROXY \r\n"),
    STR_LIT("PROXY TCP4 "
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"),
    STR_LIT(SIGNATURE "\x11\x11\x00\x0c" V4),
    STR_LIT(SIGNATURE "\x22\x11\x00\x0c" V4),
    STR_LIT(SIGNATURE "\x21\x11\x00\x0b" V4),
    STR_LIT(SIGNATURE "\x21\x21\x00\x0c" V4),
    STR_LIT(SIGNATURE "\x21\x11\xff\xff" V4),
};

/* Of all lengths that have arrived, the first one that is enough. */
static enum proxy_protocol_result
parse(struct str text, struct proxy_protocol *out, size_t *needed)
{
    enum proxy_protocol_result result = PROXY_PROTOCOL_MORE;

    for (*needed = 0; *needed <= text.n; (*needed)++) {
        char *copy = malloc(*needed + 1);

        memcpy(copy, text.p, *needed);
        result = proxy_protocol_parse(copy, *needed, LIMIT, out);
        free(copy);
        if (result != PROXY_PROTOCOL_MORE)
            break;
    }
    return result;
}

static void
a_header_gives_the_source(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct proxy_protocol out;
        char text[ADDRESS_TEXT_MAX];
        size_t needed;

        if (parse(good[i].text, &out, &needed) != PROXY_PROTOCOL_DONE)
            fail_msg("case %zu is refused", i);
        assert_int_equal(needed, good[i].text.n);
        assert_int_equal(out.size, good[i].text.n);
        assert_int_equal(out.has_source, good[i].source != NULL);
        if (!out.has_source)
            continue;
        address_format(&out.source, text);
        assert_string_equal(text, good[i].source);
    }
}

static void
what_is_no_header_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct proxy_protocol out;
        size_t needed;

        if (parse(bad[i], &out, &needed) != PROXY_PROTOCOL_BROKEN)
            fail_msg("case %zu: '" STR_FMT "'", i, STR_ARG(bad[i]));
    }
}

static void
what_follows_the_header_is_left_alone(void **state)
{
    struct str text = STR_LIT("PROXY UNKNOWN\r\nGET / HTTP/1.1\r\n\r\n");
    struct proxy_protocol out;

    (void)state;
    assert_int_equal(proxy_protocol_parse(text.p, text.n, LIMIT, &out), PROXY_PROTOCOL_DONE);
    assert_int_equal(out.size, strlen("PROXY UNKNOWN\r\n"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_gives_the_source),
        cmocka_unit_test(what_is_no_header_is_refused),
        cmocka_unit_test(what_follows_the_header_is_left_alone),
    };
    return cmocka_run_group_tests_name("server/proxy_protocol", tests, NULL, NULL);
}
