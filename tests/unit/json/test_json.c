/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

enum { TEXT_MAX = 1024 * 1024 };

static void
assert_written(const struct json_t *v, enum json_style style, const char *want)
{
    cleanup_buf struct buf out = BUF_INIT(TEXT_MAX);

    json_write(v, style, &out);
    assert_string_equal(buf_cstr(&out), want);
}

static void
documents_come_back_as_they_were_written(void **state UNUSED)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "null",
        "\"x\"",
        "-9223372036854775808",
        "9223372036854775807",
        "{\"z\":1,\"a\":[true,false,null,\"\",{}],\"m\":{\"k\":[]}}",
        "[0.25,1.0,-0.5,100000.0]",
        "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80 / \\\" \\\\ \\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"",
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct err err = ERR_INIT;
        cleanup_json struct json_t *v = json_parse(str_from(texts[i]), "in", &err);

        assert_non_null(v);
        assert_written(v, JSON_COMPACT, texts[i]);
    }
}

static void
broken_documents_are_refused_with_line_and_column(void **state UNUSED)
{
    static const struct {
        const char *text;
        const char *want; /* beginning of the error */
    } cases[] = {
        {"", "in: empty, want JSON"},
        {" \n\t", "in: empty, want JSON"},
        {"{", "in:1:1: "},
        {"{\n\"a\":1,\n\"a\":2}", "in:3:3: duplicate object key"},
        {"[1,]", "in:1:4: "},
        {"{\"a\":1,}", "in:1:8: "},
        {"[1] x", "in:1:5: end of file expected"},
        {"{a:1}", "in:1:2: "},
        {"'a'", "in:1:1: "},
        {"[01]", "in:1:2: "},
        {"[+1]", "in:1:2: "},
        {"[.5]", "in:1:2: "},
        {"[1e999]", "in:1:6: real number overflow"},
        {"[9223372036854775808]", "in:1:20: too big integer"},
        {"[NaN]", "in:1:4: "},
        {"\"\\u0000\"", "in:1:8: U+0000 in a string"},
        {"\"\\ud800\"", "in:1:8: "},
        {"\"\n\"", "in:1:1: "},
        {"\"\xff\"", "in:1:1: unable to decode byte 0xff"},
        {"\"\xc0\x80\"", "in:1:1: "},
        {"\"\xed\xa0\x80\"", "in:1:1: "},
        {"// comment\n1", "in:1:1: "},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;

        assert_null(json_parse(str_from(cases[i].text), "in", &err));
        assert_int_equal(err.code, ERR_INVALID);
        if (strncmp(err.msg, cases[i].want, strlen(cases[i].want)) != 0)
            assert_string_equal(err.msg, cases[i].want);
    }
}

static void
a_nul_byte_ends_nothing(void **state UNUSED)
{
    struct err err = ERR_INIT;

    assert_null(json_parse(STR_LIT("[1]\0[2]"), "in", &err));
    assert_null(json_parse((struct str){NULL, 0}, "in", &err));
    assert_int_equal(err.code, ERR_INVALID);
}

static void
a_nul_byte_is_no_white_space(void **state)
{
    static const struct str texts[] = {
        STR_LIT("{\"CPU\": 0.25\0}"),
        STR_LIT("1\0"),
        STR_LIT("\0 1"),
        STR_LIT("[1,\0 2]"),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct err err = ERR_INIT;

        assert_null(json_parse(texts[i], "in", &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_non_null(strstr(err.msg, "in: a NUL byte at offset"));
    }
}

/* A document of depth brackets. */
static struct json_t *
nested(size_t depth, struct err *err)
{
    cleanup_free char *text = mem_alloc(2 * depth + 1);

    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    return json_parse(str_from(text), "in", err);
}

static void
nesting_has_a_limit(void **state UNUSED)
{
    struct err err = ERR_INIT;
    cleanup_json struct json_t *deep = nested(1000, &err);
    cleanup_buf struct buf out = BUF_INIT(TEXT_MAX);

    assert_non_null(deep);
    json_write(deep, JSON_COMPACT, &out);
    assert_int_equal(out.n, 2000);
    assert_null(nested(100000, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_non_null(strstr(err.msg, "maximum parsing depth"));
}

static void
reals_have_the_fewest_digits_that_read_back(void **state UNUSED)
{
    static const struct {
        double v;
        const char *want;
    } cases[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {0.1, "0.1"},
        {0.25, "0.25"},
        {1.0 / 3, "0.3333333333333333"},
        {2.0 / 3, "0.6666666666666666"},
        {0.1 + 0.2, "0.30000000000000004"},
        {123456.789, "123456.789"},
        {100000.0, "100000.0"},
        {0.04656, "0.04656"},
        {0.00001, "0.00001"},
        {0.000001, "1e-06"},
        {1e16, "10000000000000000.0"},
        {1e17, "1e+17"},
        {5e-324, "5e-324"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        cleanup_json struct json_t *v = json_new_real(cases[i].v);
        cleanup_json struct json_t *back = NULL;

        assert_written(v, JSON_COMPACT, cases[i].want);
        back = json_parse(str_from(cases[i].want), "in", &err);
        assert_non_null(back);
        assert_true(json_same(v, back));
    }
}

static struct json_t *
sample(void)
{
    struct json_t *object = json_new_object();
    struct json_t *list = json_new_array();

    json_push_str(list, "a");
    json_push(list, json_new_null());
    json_push(list, json_new_array());
    json_put_str(object, "zeta", "z");
    json_put(object, "list", list);
    json_put_int(object, "B", -1);
    json_put_bool(object, "b", true);
    json_put(object, "", json_new_object());
    json_put(object, "bb", json_new_view(STR_LIT("vw")));
    json_put_str(object, "absent", NULL);
    return object;
}

static void
three_styles_differ_in_order_and_space_only(void **state UNUSED)
{
    cleanup_json struct json_t *v = sample();

    assert_written(v, JSON_COMPACT,
                   "{\"zeta\":\"z\",\"list\":[\"a\",null,[]],\"B\":-1,\"b\":true,\"\":{},"
                   "\"bb\":\"vw\"}");
    assert_written(v, JSON_SORTED,
                   "{\"\":{},\"B\":-1,\"b\":true,\"bb\":\"vw\",\"list\":[\"a\",null,[]],"
                   "\"zeta\":\"z\"}");
    assert_written(v, JSON_PRETTY,
                   "{\n  \"zeta\": \"z\",\n  \"list\": [\n    \"a\",\n    null,\n    []\n  ],\n"
                   "  \"B\": -1,\n  \"b\": true,\n  \"\": {},\n  \"bb\": \"vw\"\n}\n");
}

static void
putting_again_replaces_and_keeps_the_place(void **state UNUSED)
{
    cleanup_json struct json_t *v = sample();

    json_put_int(v, "zeta", 7);
    assert_written(v, JSON_COMPACT,
                   "{\"zeta\":7,\"list\":[\"a\",null,[]],\"B\":-1,\"b\":true,\"\":{},"
                   "\"bb\":\"vw\"}");
    assert_int_equal(json_size(v), 6);
}

static void
copies_are_deep_and_equal(void **state UNUSED)
{
    cleanup_json struct json_t *v = sample();
    cleanup_json struct json_t *copy = json_clone(v);

    assert_true(json_same(v, copy));
    json_put_int(copy, "B", 0);
    assert_false(json_same(v, copy));
}

static void
text_that_is_no_utf_8_is_repaired(void **state UNUSED)
{
    cleanup_json struct json_t *object = json_new_object();

    json_put(object, "k\xff", json_new_str("v\xc3"));
    json_put(object, "n", json_new_view(STR_LIT("a\0b\xff\0")));
    assert_written(object, JSON_COMPACT,
                   "{\"k\xef\xbf\xbd\":\"v\xef\xbf\xbd\","
                   "\"n\":\"a\xef\xbf\xbd"
                   "b\xef\xbf\xbd\xef\xbf\xbd\"}");
}

static void
writing_stops_at_the_limit(void **state UNUSED)
{
    cleanup_json struct json_t *v = sample();
    cleanup_buf struct buf out = BUF_INIT(10);
    struct err err = ERR_INIT;

    json_write(v, JSON_PRETTY, &out);
    assert_int_equal(buf_finish(&out, &err), -1);
    assert_int_equal(err.code, ERR_LIMIT);
}

static void
sizes_count_elements_and_keys(void **state UNUSED)
{
    cleanup_json struct json_t *text = json_new_str("abc");
    cleanup_json struct json_t *object = sample();

    assert_int_equal(json_size(text), 0);
    assert_int_equal(json_size(object), 6);
    assert_int_equal(json_size(NULL), 0);
    json_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nul_byte_is_no_white_space),
        cmocka_unit_test(documents_come_back_as_they_were_written),
        cmocka_unit_test(broken_documents_are_refused_with_line_and_column),
        cmocka_unit_test(a_nul_byte_ends_nothing),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(reals_have_the_fewest_digits_that_read_back),
        cmocka_unit_test(three_styles_differ_in_order_and_space_only),
        cmocka_unit_test(putting_again_replaces_and_keeps_the_place),
        cmocka_unit_test(copies_are_deep_and_equal),
        cmocka_unit_test(text_that_is_no_utf_8_is_repaired),
        cmocka_unit_test(writing_stops_at_the_limit),
        cmocka_unit_test(sizes_count_elements_and_keys),
    };

    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
