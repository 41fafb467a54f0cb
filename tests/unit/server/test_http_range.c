/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_range.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { NONE = HTTP_RANGE_NONE, BEYOND = HTTP_RANGE_UNSATISFIABLE, MAX = 4 };

static const struct {
    const char *value;
    uint64_t size;
    int n;
    const char *ranges; /* first+n, ... */
} cases[] = {
    /* one range */
    {"bytes=0-0", 1000, 1, "0+1"},
    {"bytes=0-99", 1000, 1, "0+100"},
    {"bytes=500-", 1000, 1, "500+500"},
    {"bytes=999-", 1000, 1, "999+1"},
    {"bytes=-1", 1000, 1, "999+1"},
    {"bytes=-1000", 1000, 1, "0+1000"},
    {"bytes=-5000", 1000, 1, "0+1000"},
    {"bytes=0-5000", 1000, 1, "0+1000"},
    {"BYTES=0-1", 1000, 1, "0+2"},
    {"bytes= 0-1", 1000, 1, "0+2"},
    {"bytes=,0-1,,", 1000, 1, "0+2"},
    {"bytes=00000000000000000000000007-9", 1000, 1, "7+3"},
    {"bytes=5-99999999999999999999999999", 1000, 1, "5+995"},
    {"bytes=-99999999999999999999999999", 1000, 1, "0+1000"},
    {"bytes=0-18446744073709551615", 1000, 1, "0+1000"},
    {"bytes=1-", UINT64_MAX, 1, "1+18446744073709551614"},
    /* several, in the client's order */
    {"bytes=0-9,500-509", 1000, 2, "0+10 500+10"},
    {"bytes=500-509 , 0-9", 1000, 2, "500+10 0+10"},
    {"bytes=0-9,200-209,-10", 1000, 3, "0+10 200+10 990+10"},
    {"bytes=0-9,2000-,500-509", 1000, 2, "0+10 500+10"},
    /* near ones become one */
    {"bytes=0-9,10-19", 1000, 1, "0+20"},
    {"bytes=0-9,5-14", 1000, 1, "0+15"},
    {"bytes=0-9,0-9,0-9", 1000, 1, "0+10"},
    {"bytes=0-9,60-69", 1000, 1, "0+70"},
    {"bytes=0-9,89-90", 1000, 1, "0+91"},
    {"bytes=0-9,90-91", 1000, 2, "0+10 90+2"},
    {"bytes=900-,0-9,300-", 1000, 2, "300+700 0+10"},
    {"bytes=0-9,400-409,200-209,5-450", 1000, 1, "0+451"},
    {"bytes=400-409,0-9,200-209,195-215", 1000, 3, "400+10 0+10 195+21"},
    /* nothing of the file */
    {"bytes=1000-", 1000, BEYOND, ""},
    {"bytes=1000-1001,2000-", 1000, BEYOND, ""},
    {"bytes=99999999999999999999999999-", 1000, BEYOND, ""},
    {"bytes=-0", 1000, BEYOND, ""},
    {"bytes=0-", 0, BEYOND, ""},
    {"bytes=-0", 0, BEYOND, ""},
    {"bytes=-5", 0, NONE, ""},
    /* not understood: as if the field were not there */
    {"", 1000, NONE, ""},
    {"bytes", 1000, NONE, ""},
    {"bytes=", 1000, NONE, ""},
    {"bytes=,", 1000, NONE, ""},
    {"bytes=-", 1000, NONE, ""},
    {"bytes=5", 1000, NONE, ""},
    {"bytes=5-4", 1000, NONE, ""},
    {"bytes=0-1,5-4", 1000, NONE, ""},
    {"bytes=a-b", 1000, NONE, ""},
    {"bytes=0-1x", 1000, NONE, ""},
    {"bytes=0-1;2-3", 1000, NONE, ""},
    {"bytes=+0-1", 1000, NONE, ""},
    {"bytes=0--1", 1000, NONE, ""},
    {"bytes=--1", 1000, NONE, ""},
    {"bytes=0 - 1", 1000, NONE, ""},
    {"bytes =0-1", 1000, NONE, ""},
    {"bytes:0-1", 1000, NONE, ""},
    {"items=0-1", 1000, NONE, ""},
    {"0-1", 1000, NONE, ""},
    {"bytes=0-1=2", 1000, NONE, ""},
    /* too many */
    {"bytes=0-1,200-201,400-401,600-601", 1000, 4, "0+2 200+2 400+2 600+2"},
    {"bytes=0-1,200-201,400-401,600-601,800-801", 1000, NONE, ""},
    {"bytes=0-,0-,0-,0-,0-", 1000, NONE, ""},
};

static void
ranges_are_read_as_the_rfc_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_range r[HTTP_RANGE_MAX];
        int n = http_range_parse(str_from(cases[i].value), cases[i].size, r, MAX);
        char text[256] = "";
        size_t used = 0;

        for (int k = 0; k < n; k++)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%" PRIu64 "+%" PRIu64,
                                     k > 0 ? " " : "", r[k].first, r[k].n);
        if (n != cases[i].n || strcmp(text, cases[i].ranges) != 0)
            fail_msg("'%s' of %" PRIu64 ": %d '%s'", cases[i].value, cases[i].size, n, text);
    }
}

static void
none_may_be_allowed(void **state)
{
    struct http_range r[HTTP_RANGE_MAX];

    (void)state;
    assert_int_equal(http_range_parse(STR_LIT("bytes=0-1"), 9, r, 0), HTTP_RANGE_NONE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_read_as_the_rfc_says),
        cmocka_unit_test(none_may_be_allowed),
    };
    return cmocka_run_group_tests_name("server/http_range", tests, NULL, NULL);
}
