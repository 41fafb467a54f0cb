/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What decides about a file's response: Range, conditions, Accept-Encoding and patterns.  The first
 * bytes choose the file's size and how many ranges are allowed; the rest is the fields.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/http_accept.h"
#include "server/http_condition.h"
#include "server/http_parse.h"
#include "server/http_range.h"
#include "server/static_file.h"

enum { HEAD = 4096, FIRST = 3 };

static const struct http_limits limits = {.line = 64, .fields = 32, .field = 4000, .head = HEAD};

static void
check_ranges(struct str value, uint64_t size, unsigned max)
{
    struct http_range r[HTTP_RANGE_MAX];
    int n = http_range_parse(value, size, r, max);
    uint64_t sum = 0;

    assert(n >= HTTP_RANGE_UNSATISFIABLE && n <= (int)max);
    for (int i = 0; i < n; i++) {
        assert(r[i].n > 0 && r[i].first < size && r[i].n <= size - r[i].first);
        sum += r[i].n;
        for (int k = 0; k < i; k++)
            assert(r[i].first > r[k].first + r[k].n || r[k].first > r[i].first + r[i].n);
    }
    assert(sum <= size); /* nothing is sent twice */
}

static void
check_request(const struct http_request *r, uint64_t size, unsigned max)
{
    static const struct http_validators v = {"\"a\"", 784111777};
    static const uint64_t sizes[HTTP_CODING_COUNT] = {9, 3, 2, 4};
    struct http_accept accept;
    struct str name, value;
    uint32_t iter = 0;
    unsigned status = http_condition(r, &v, 800000000);
    int coding;

    assert(status == 200 || status == 304 || status == 412);
    if (http_condition_range(r, &v, 800000000) && http_accept_page(r))
        assert(r->field_lines.n > 0);
    http_accept_codings(r, &accept);
    coding = http_accept_choose(&accept, 3, sizes);
    assert(coding >= HTTP_ACCEPT_NONE && coding < 2);
    while (http_parse_next(r, &iter, &name, &value)) {
        check_ranges(value, size, max);
        assert(static_file_matches(value, value) || memchr(value.p, '*', value.n) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char start[] = "GET / HTTP/1.1\r\nHost: a\r\n";
    struct http_parser p;
    size_t n;
    char *head;

    if (size < FIRST || size > HEAD - sizeof(start) - 2)
        return 0;
    n = sizeof(start) - 1 + size - FIRST + 2;
    head = malloc(n);
    memcpy(head, start, sizeof(start) - 1);
    memcpy(head + sizeof(start) - 1, data + FIRST, size - FIRST);
    memcpy(head + n - 2, "\r\n", 2);
    http_parse_init(&p, &limits);
    if (http_parse(&p, head, n) == HTTP_PARSE_DONE)
        check_request(&p.request, (uint64_t)data[0] << 8 | data[1], data[2] % HTTP_RANGE_MAX);
    free(head);
    return 0;
}
