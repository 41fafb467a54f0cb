/* SPDX-License-Identifier: Apache-2.0 */

/* JSON: what is parsed is written, and what was written parses to the same value and the same
 * bytes, in each style. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

enum { OUTPUT_MAX = 64 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_style(const struct json_t *v, enum json_style style)
{
    cleanup_buf struct buf first = BUF_INIT(OUTPUT_MAX);
    cleanup_buf struct buf second = BUF_INIT(OUTPUT_MAX);
    cleanup_json struct json_t *back = NULL;
    struct err err = ERR_INIT;

    json_write(v, style, &first);
    if (buf_finish(&first, &err) < 0)
        return;
    back = json_parse(buf_view(&first), "written", &err);
    assert(back != NULL && json_same(v, back));
    json_write(back, style, &second);
    assert(second.n == first.n && memcmp(second.p, first.p, first.n) == 0);
}

/* Walks members and elements, whose pointers must fit their errors. */
static void
walk(const struct json_cur *c, int depth)
{
    struct json_cur child;
    struct err err = ERR_INIT;
    void *iter = NULL;
    int64_t number;

    if (depth > 64)
        return;
    if (json_get_int(c, -100, 100, &number, &err) < 0)
        assert(err.code == ERR_INVALID && err.msg[0] != '\0');
    while (json_next(c, &iter, &child))
        walk(&child, depth + 1);
    for (size_t i = 0; json_is_array(c) && i < json_len(c); i++) {
        child = json_item(c, i);
        walk(&child, depth + 1);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = ERR_INIT;
    cleanup_json struct json_t *v =
        json_parse((struct str){(const char *)data, size}, "input", &err);
    struct json_cur root = json_root(v);

    if (v == NULL) {
        assert(err.code == ERR_INVALID);
        return 0;
    }
    check_style(v, JSON_COMPACT);
    check_style(v, JSON_SORTED);
    check_style(v, JSON_PRETTY);
    walk(&root, 0);
    return 0;
}
