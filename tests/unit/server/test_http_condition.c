/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_condition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/http_parse.h"

static const struct http_limits limits = {.line = 64, .fields = 9, .field = 400, .head = 1000};

/* Sun, 06 Nov 1994 08:49:37 GMT */
enum { MODIFIED = 784111777, NOW = MODIFIED + 1000 };

#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define EXACT  "Sun, 06 Nov 1994 08:49:37 GMT"
#define AFTER  "Sun, 06 Nov 1994 08:49:38 GMT"

static const struct http_validators dated = {"\"a\"", MODIFIED};
static const struct http_validators undated = {"\"a\"", HTTP_CONDITION_UNDATED};

static void
parse(const char *headers, char room[1000], struct http_parser *p)
{
    int n = snprintf(room, 1000, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", headers);

    http_parse_init(p, &limits);
    assert_int_equal(http_parse(p, room, (size_t)n), HTTP_PARSE_DONE);
}

static const struct {
    const char *headers;
    unsigned status, status_undated;
} conditions[] = {
    {"", 200, 200},
    /* If-Match: strong comparison, before everything else */
    {"If-Match: \"a\"\r\n", 200, 200},
    {"If-Match: *\r\n", 200, 200},
    {"If-Match: \"b\", \"a\"\r\n", 200, 200},
    {"If-Match: \"b\"\r\nIf-Match: \"a\"\r\n", 200, 200},
    {"If-Match: \"b\"\r\n", 412, 412},
    {"If-Match: W/\"a\"\r\n", 412, 412},
    {"If-Match: a\r\n", 412, 412},
    {"If-Match:\r\n", 412, 412},
    {"If-Match: \"b\"\r\nIf-None-Match: \"a\"\r\n", 412, 412},
    {"If-Match: \"a\"\r\nIf-None-Match: \"a\"\r\n", 304, 304},
    {"If-Match: \"a\"\r\nIf-Unmodified-Since: " BEFORE "\r\n", 200, 200},
    /* If-Unmodified-Since */
    {"If-Unmodified-Since: " BEFORE "\r\n", 412, 200},
    {"If-Unmodified-Since: " EXACT "\r\n", 200, 200},
    {"If-Unmodified-Since: " AFTER "\r\n", 200, 200},
    {"If-Unmodified-Since: long ago\r\n", 200, 200},
    /* If-None-Match: weak comparison */
    {"If-None-Match: \"a\"\r\n", 304, 304},
    {"If-None-Match: W/\"a\"\r\n", 304, 304},
    {"If-None-Match: *\r\n", 304, 304},
    {"If-None-Match: \"b\" , W/\"a\"\r\n", 304, 304},
    {"If-None-Match: \"b\"\r\nIf-None-Match: \"a\"\r\n", 304, 304},
    {"If-None-Match: \"x, \", \"a\"\r\n", 304, 304},
    {"If-None-Match: junk, \"a\"\r\n", 304, 304},
    {"If-None-Match: ,,\"a\"\r\n", 304, 304},
    {"If-None-Match: \"b\"\r\n", 200, 200},
    {"If-None-Match: \"x, \"a\", y\"\r\n", 200, 200},
    {"If-None-Match: a\r\n", 200, 200},
    {"If-None-Match: \"a\r\n", 200, 200},
    {"If-None-Match: w/\"a\"\r\n", 200, 200},
    {"If-None-Match: \"b\"\r\nIf-Modified-Since: " AFTER "\r\n", 200, 200},
    /* If-Modified-Since */
    {"If-Modified-Since: " BEFORE "\r\n", 200, 200},
    {"If-Modified-Since: " EXACT "\r\n", 304, 200},
    {"If-Modified-Since: " AFTER "\r\n", 304, 200},
    {"If-Modified-Since: some day\r\n", 200, 200},
};

static void
conditions_are_judged_in_their_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
        struct http_parser p;
        char room[1000];

        parse(conditions[i].headers, room, &p);
        if (http_condition(&p.request, &dated, NOW) != conditions[i].status ||
            http_condition(&p.request, &undated, NOW) != conditions[i].status_undated)
            fail_msg("'%s'", conditions[i].headers);
    }
}

static const struct {
    const char *headers;
    bool counts, counts_undated;
} ranges[] = {
    {"", true, true},
    {"If-Range: \"a\"\r\n", true, true},
    {"If-Range: \"b\"\r\n", false, false},
    {"If-Range: W/\"a\"\r\n", false, false},
    {"If-Range: \"a\", \"a\"\r\n", false, false},
    {"If-Range: a\r\n", false, false},
    {"If-Range:\r\n", false, false},
    {"If-Range: " EXACT "\r\n", true, false},
    {"If-Range: " BEFORE "\r\n", false, false},
    {"If-Range: " AFTER "\r\n", false, false},
};

static void
a_range_of_another_version_does_not_count(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        struct http_parser p;
        char room[1000];

        parse(ranges[i].headers, room, &p);
        if (http_condition_range(&p.request, &dated, NOW) != ranges[i].counts ||
            http_condition_range(&p.request, &undated, NOW) != ranges[i].counts_undated)
            fail_msg("'%s'", ranges[i].headers);
    }
}

static void
the_present_second_is_no_strong_validator(void **state)
{
    struct http_parser p;
    char room[1000];

    (void)state;
    parse("If-Range: " EXACT "\r\n", room, &p);
    assert_false(http_condition_range(&p.request, &dated, MODIFIED));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_are_judged_in_their_order),
        cmocka_unit_test(a_range_of_another_version_does_not_count),
        cmocka_unit_test(the_present_second_is_no_strong_validator),
    };
    return cmocka_run_group_tests_name("server/http_condition", tests, NULL, NULL);
}
