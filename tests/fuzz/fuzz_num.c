/* SPDX-License-Identifier: Apache-2.0 */

/* Numbers, views and UTF-8: what is accepted reads back, and no view is left behind. */

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/num.h"
#include "base/utf8.h"

enum { INPUT_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_numbers(struct str s)
{
    uint64_t u;
    int64_t i;
    double d;
    char text[32];

    if (num_parse_u64(s, UINT64_MAX, &u)) {
        /* The same number without leading zeros is accepted too, and is the same. */
        uint64_t again = 0;

        snprintf(text, sizeof(text), "%llu", (unsigned long long)u);
        assert(num_parse_u64(str_from(text), UINT64_MAX, &again) && again == u);
        assert(u == 0 || !num_parse_u64(s, u - 1, &again));
    }
    if (num_parse_i64(s, INT64_MIN, INT64_MAX, &i))
        assert(s.n > 0 && (s.p[0] == '-' || i >= 0));
    num_parse_octal(s, 07777, &u);
    if (num_parse_decimal(s, &d)) {
        assert(d >= 0);
        num_format_decimal(d, text);
    }
}

static void
check_views(struct str s)
{
    struct str rest = s;
    size_t total = 0;
    size_t fields = 0;

    while (rest.p != NULL) {
        struct str field = str_cut(&rest, ',');

        assert(str_find(field, ',') < 0);
        total += field.n;
        fields++;
    }
    assert(fields == 0 || total + fields - 1 == s.n);
    assert(str_trim(s).n <= s.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = {(const char *)data, size};
    cleanup_buf struct buf repaired = BUF_INIT(3 * INPUT_MAX);

    if (size > INPUT_MAX)
        return 0;
    check_numbers(s);
    check_views(s);
    utf8_repair(s, &repaired);
    assert(utf8_is_valid(buf_view(&repaired)));
    assert(!utf8_is_valid(s) || repaired.n == s.n);
    return 0;
}
