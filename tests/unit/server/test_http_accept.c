/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_accept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/http_parse.h"

static const struct http_limits limits = {.line = 64, .fields = 9, .field = 400, .head = 1000};

static void
parse(const char *headers, char room[1000], struct http_parser *p)
{
    int n = snprintf(room, 1000, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", headers);

    http_parse_init(p, &limits);
    assert_int_equal(http_parse(p, room, (size_t)n), HTTP_PARSE_DONE);
}

enum { I = 1, Z = 2, B = 4, G = 8, ALL = 15 };

static const struct {
    const char *headers;
    unsigned available;
    const char *chosen; /* NULL: 406 */
} codings[] = {
    {"", ALL, "identity"},
    {"Accept-Encoding:\r\n", ALL, "identity"},
    {"Accept-Encoding: gzip\r\n", ALL, "gzip"},
    {"Accept-Encoding: GZIP\r\n", ALL, "gzip"},
    {"Accept-Encoding: x-gzip\r\n", ALL, "gzip"},
    {"Accept-Encoding: gzip\r\n", I | B, "identity"},
    {"Accept-Encoding: gzip, deflate, br, zstd\r\n", ALL, "br"}, /* the smallest */
    {"Accept-Encoding: gzip, deflate, br, zstd\r\n", I | Z | G, "zstd"},
    {"Accept-Encoding: gzip;q=1.0, br;q=0.8\r\n", ALL, "gzip"},
    {"Accept-Encoding: gzip;q=0.001, br;q=0.002\r\n", ALL, "br"},
    {"Accept-Encoding: gzip ; q=0.5\r\n", ALL, "gzip"},
    {"Accept-Encoding: br;Q=0\r\n", ALL, "identity"},
    {"Accept-Encoding: gzip;q=0, *\r\n", I | G, "identity"},
    {"Accept-Encoding: *\r\n", ALL, "br"},
    {"Accept-Encoding: *;q=0.5, gzip;q=0.6\r\n", ALL, "gzip"},
    {"Accept-Encoding: *;q=0\r\n", ALL, NULL},
    {"Accept-Encoding: *;q=0, gzip\r\n", I | B, NULL},
    {"Accept-Encoding: *;q=0, gzip\r\n", ALL, "gzip"},
    {"Accept-Encoding: *;q=0, identity;q=0.1\r\n", ALL, "identity"},
    {"Accept-Encoding: identity;q=0\r\n", I, NULL},
    {"Accept-Encoding: identity;q=0\r\n", ALL, NULL},
    {"Accept-Encoding: identity;q=0, gzip\r\n", ALL, "gzip"},
    {"Accept-Encoding: identity, gzip;q=0.5\r\n", ALL, "identity"},
    {"Accept-Encoding: deflate\r\n", ALL, "identity"},
    {"Accept-Encoding: gzip\r\nAccept-Encoding: br;q=0.9\r\n", ALL, "gzip"},
    {"Accept-Encoding: zstd;q=0\r\nAccept-Encoding: br;q=0, gzip\r\n", ALL, "gzip"},
    /* no weights: the member does not count */
    {"Accept-Encoding: gzip;q=2\r\n", ALL, "identity"},
    {"Accept-Encoding: gzip;q=1.001\r\n", ALL, "identity"},
    {"Accept-Encoding: gzip;q=0.0001\r\n", ALL, "identity"},
    {"Accept-Encoding: gzip;q=-1\r\n", ALL, "identity"},
    {"Accept-Encoding: gzip;q=0,5\r\n", ALL, "identity"},
    {"Accept-Encoding: gzip;q=.5\r\n", ALL, "identity"},
    {"Accept-Encoding: gzip;q\r\n", ALL, "identity"},
    {"Accept-Encoding: gzip;level=1\r\n", ALL, "identity"},
    {"Accept-Encoding: gzipp, agzip\r\n", ALL, "identity"},
    {"Accept-Encoding: gzip;q=1.000\r\n", ALL, "gzip"},
    {"Accept-Encoding: gzip;q=1.\r\n", ALL, "gzip"},
};

static void
the_wanted_coding_is_chosen(void **state)
{
    static const uint64_t sizes[HTTP_CODING_COUNT] = {1000, 310, 300, 320};

    (void)state;
    for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++) {
        struct http_parser p;
        struct http_accept a;
        char room[1000];
        int chosen;

        parse(codings[i].headers, room, &p);
        http_accept_codings(&p.request, &a);
        chosen = http_accept_choose(&a, codings[i].available, sizes);
        if (codings[i].chosen == NULL
                ? chosen != HTTP_ACCEPT_NONE
                : chosen < 0 || strcmp(http_coding_names[chosen], codings[i].chosen) != 0)
            fail_msg("'%s': %d", codings[i].headers, chosen);
    }
}

static void
a_file_that_grew_by_its_coding_is_sent_plain_where_both_are_wanted(void **state)
{
    static const uint64_t sizes[HTTP_CODING_COUNT] = {10, 20, 30, 40};
    static const struct http_accept both = {{2000, 2000, 2000, 2000}};

    (void)state;
    assert_int_equal(http_accept_choose(&both, ALL, sizes), HTTP_CODING_IDENTITY);
}

static void
pages_are_asked_for_by_name(void **state)
{
    static const struct {
        const char *headers;
        bool page;
    } cases[] = {
        {"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n", true},
        {"Accept: application/xhtml+xml\r\n", true},
        {"Accept: text/html;level=1;q=0.5\r\n", true},
        {"Accept: image/png\r\nAccept: TEXT/HTML\r\n", true},
        {"", false},
        {"Accept: */*\r\n", false},
        {"Accept: text/*\r\n", false},
        {"Accept: text/html;q=0\r\n", false},
        {"Accept: text/html;q=x\r\n", false},
        {"Accept: image/avif,image/webp,*/*;q=0.8\r\n", false},
        {"Accept-Language: text/html\r\n", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_parser p;
        char room[1000];

        parse(cases[i].headers, room, &p);
        if (http_accept_page(&p.request) != cases[i].page)
            fail_msg("'%s'", cases[i].headers);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wanted_coding_is_chosen),
        cmocka_unit_test(a_file_that_grew_by_its_coding_is_sent_plain_where_both_are_wanted),
        cmocka_unit_test(pages_are_asked_for_by_name),
    };
    return cmocka_run_group_tests_name("server/http_accept", tests, NULL, NULL);
}
