/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"

static const char document[] =
    "{\"family\":\"web\",\"cpu\":1024,\"ratio\":0.5,\"whole\":2.0,\"on\":true,\"off\":false,"
    "\"none\":null,\"a/b\":{\"~k\":[10,\"x\"]},\"list\":[{\"image\":\"i\"}],\"\":1}";

static struct json_t *
parsed(void)
{
    struct err err = ERR_INIT;
    struct json_t *doc = json_parse(str_from(document), "doc", &err);

    assert_non_null(doc);
    return doc;
}

static void
getters_give_what_is_there(void **state UNUSED)
{
    cleanup_json struct json_t *doc = parsed();
    struct json_cur root = json_root(doc);
    struct json_cur family = json_at(&root, "family"), cpu = json_at(&root, "cpu");
    struct json_cur ratio = json_at(&root, "ratio"), on = json_at(&root, "on");
    struct json_cur off = json_at(&root, "off"), whole = json_at(&root, "whole");
    struct json_cur none = json_at(&root, "none"), absent = json_at(&root, "absent");
    struct err err = ERR_INIT;
    const char *text;
    int64_t number;
    double real;
    bool flag;

    assert_int_equal(json_get_str(&family, &text, &err), 0);
    assert_string_equal(text, "web");
    assert_int_equal(json_get_int(&cpu, 256, 1024, &number, &err), 0);
    assert_int_equal(number, 1024);
    assert_int_equal(json_get_int(&whole, 0, 9, &number, &err), 0);
    assert_int_equal(number, 2);
    assert_int_equal(json_get_real(&ratio, &real, &err), 0);
    assert_true(real == 0.5);
    assert_int_equal(json_get_real(&cpu, &real, &err), 0);
    assert_true(real == 1024);
    assert_int_equal(json_get_bool(&on, &flag, &err), 0);
    assert_true(flag);
    assert_int_equal(json_get_bool(&off, &flag, &err), 0);
    assert_false(flag);
    assert_true(json_is_null(&none) && json_is_null(&absent) && !json_is_null(&cpu));
    assert_string_equal(json_str_or(&family, "-"), "web");
    assert_string_equal(json_str_or(&cpu, "-"), "-");
    assert_null(json_str_or(&absent, NULL));
    assert_int_equal(err.code, ERR_NONE);
}

static void
predicates_tell_the_types_apart(void **state UNUSED)
{
    cleanup_json struct json_t *doc = parsed();
    struct json_cur root = json_root(doc);
    struct json_cur list = json_at(&root, "list"), cpu = json_at(&root, "cpu");
    struct json_cur ratio = json_at(&root, "ratio"), family = json_at(&root, "family");
    struct json_cur absent = json_at(&root, "absent");
    struct err err = ERR_INIT;

    assert_true(json_is_object(&root) && !json_is_object(&list) && !json_is_object(&absent));
    assert_true(json_is_array(&list) && !json_is_array(&root) && !json_is_array(&absent));
    assert_true(json_is_number(&cpu) && json_is_number(&ratio) && !json_is_number(&family));
    assert_true(json_is_str(&family) && !json_is_str(&absent));
    assert_int_equal(json_len(&root), 10);
    assert_int_equal(json_len(&list), 1);
    assert_int_equal(json_len(&family), 0);
    assert_int_equal(json_len(&absent), 0);
    assert_int_equal(json_need_object(&root, &err), 0);
    assert_int_equal(json_need_array(&list, &err), 0);
}

static void
pointers_escape_tilde_and_slash(void **state UNUSED)
{
    cleanup_json struct json_t *doc = parsed();
    struct json_cur root = json_root(doc);
    struct json_cur ab = json_at(&root, "a/b");
    struct json_cur k = json_at(&ab, "~k");
    struct json_cur second = json_item(&k, 1);
    struct json_cur empty = json_at(&root, "");
    cleanup_buf struct buf out = BUF_INIT(100);

    json_pointer(&root, &out);
    assert_string_equal(buf_cstr(&out), "");
    json_pointer(&second, &out);
    assert_string_equal(buf_cstr(&out), "/a~1b/~0k/1");
    buf_clear(&out);
    json_pointer(&empty, &out);
    assert_string_equal(buf_cstr(&out), "/");
}

static void
a_wrong_type_is_named_with_its_place(void **state UNUSED)
{
    cleanup_json struct json_t *doc = parsed();
    struct json_cur root = json_root(doc);
    struct json_cur family = json_at(&root, "family"), cpu = json_at(&root, "cpu");
    struct json_cur on = json_at(&root, "on"), none = json_at(&root, "none");
    struct json_cur list = json_at(&root, "list");
    struct err err = ERR_INIT;
    const char *text = "kept";
    int64_t number = 77;
    bool flag = true;
    double real = 77;

    assert_int_equal(json_get_str(&cpu, &text, &err), -1);
    assert_string_equal(err.msg, "/cpu: want a string, got a number");
    assert_int_equal(err.code, ERR_INVALID);
    assert_int_equal(json_get_str(&none, &text, &err), -1);
    assert_string_equal(err.msg, "/none: want a string, got null");
    assert_int_equal(json_get_int(&family, 0, 9, &number, &err), -1);
    assert_string_equal(err.msg, "/family: want a whole number, got a string");
    assert_int_equal(json_get_real(&on, &real, &err), -1);
    assert_string_equal(err.msg, "/on: want a number, got true");
    assert_int_equal(json_get_bool(&list, &flag, &err), -1);
    assert_string_equal(err.msg, "/list: want true or false, got an array");
    assert_int_equal(json_need_object(&list, &err), -1);
    assert_string_equal(err.msg, "/list: want an object, got an array");
    assert_int_equal(json_need_array(&root, &err), -1);
    assert_string_equal(err.msg, "the document: want an array, got an object");
    assert_string_equal(text, "kept");
    assert_true(number == 77 && real == 77 && flag);
}

static void
numbers_out_of_bounds_or_not_whole_are_named(void **state UNUSED)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {"99", "the document: 99 is not from -1 to 64"},
        {"-2", "the document: -2 is not from -1 to 64"},
        {"0.5", "the document: want a whole number, got 0.5"},
        {"1e300", "the document: want a whole number, got 1e+300"},
        {"-1e300", "the document: want a whole number, got -1e+300"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        cleanup_json struct json_t *doc = json_parse(str_from(cases[i].text), "in", &err);
        struct json_cur root = json_root(doc);
        int64_t number = 77;

        assert_int_equal(json_get_int(&root, -1, 64, &number, &err), -1);
        assert_string_equal(err.msg, cases[i].want);
        assert_int_equal(number, 77);
    }
}

static void
what_is_missing_is_named_with_the_cause_above_it(void **state UNUSED)
{
    cleanup_json struct json_t *doc = parsed();
    struct json_cur root = json_root(doc);
    struct json_cur absent = json_at(&root, "absent");
    struct json_cur below = json_at(&absent, "x");
    struct json_cur family = json_at(&root, "family");
    struct json_cur in_text = json_at(&family, "x");
    struct json_cur item_of_text = json_item(&family, 0);
    struct json_cur list = json_at(&root, "list");
    struct json_cur beyond = json_item(&list, 5);
    struct err err = ERR_INIT;
    const char *text;

    assert_int_equal(json_get_str(&absent, &text, &err), -1);
    assert_string_equal(err.msg, "/absent is missing: want a string");
    assert_int_equal(json_get_str(&below, &text, &err), -1);
    assert_string_equal(err.msg, "/absent/x is missing: want a string");
    assert_int_equal(json_get_str(&in_text, &text, &err), -1);
    assert_string_equal(err.msg, "/family: want an object, got a string");
    assert_int_equal(json_get_str(&item_of_text, &text, &err), -1);
    assert_string_equal(err.msg, "/family: want an array, got a string");
    assert_int_equal(json_get_str(&beyond, &text, &err), -1);
    assert_string_equal(err.msg, "/list/5 is missing: want a string");
}

static void
iterating_goes_in_the_order_of_the_document(void **state UNUSED)
{
    static const char *const keys[] = {"family", "cpu",  "ratio", "whole", "on",
                                       "off",    "none", "a/b",   "list",  ""};
    cleanup_json struct json_t *doc = parsed();
    struct json_cur root = json_root(doc), value;
    struct json_cur cpu = json_at(&root, "cpu"), absent = json_at(&root, "absent");
    void *iter = NULL;
    size_t n = 0;

    while (json_next(&root, &iter, &value)) {
        assert_true(n < ARRAY_LEN(keys));
        assert_string_equal(value.key, keys[n++]);
        assert_ptr_equal(value.up, &root);
        assert_non_null(value.v);
    }
    assert_int_equal(n, ARRAY_LEN(keys));
    iter = NULL;
    assert_false(json_next(&cpu, &iter, &value));
    iter = NULL;
    assert_false(json_next(&absent, &iter, &value));
}

static void
own_errors_carry_the_pointer_even_of_huge_keys(void **state UNUSED)
{
    struct json_cur root = json_root(NULL);
    char key[5000];
    struct json_cur huge = json_at(&root, key);
    struct json_cur cpu = json_at(&root, "cpu");
    struct err err = ERR_INIT;

    memset(key, 'k', sizeof(key));
    key[sizeof(key) - 1] = '\0';
    assert_int_equal(json_err(&cpu, &err, "no such size: %d", 3), -1);
    assert_string_equal(err.msg, "/cpu: no such size: 3");
    assert_int_equal(json_err(&huge, &err, "wrong"), -1);
    assert_true(strlen(err.msg) < ERR_MSG_MAX && strncmp(err.msg, "/kkk", 4) == 0);
    assert_non_null(strstr(err.msg, ": wrong"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(getters_give_what_is_there),
        cmocka_unit_test(predicates_tell_the_types_apart),
        cmocka_unit_test(pointers_escape_tilde_and_slash),
        cmocka_unit_test(a_wrong_type_is_named_with_its_place),
        cmocka_unit_test(numbers_out_of_bounds_or_not_whole_are_named),
        cmocka_unit_test(what_is_missing_is_named_with_the_cause_above_it),
        cmocka_unit_test(iterating_goes_in_the_order_of_the_document),
        cmocka_unit_test(own_errors_carry_the_pointer_even_of_huge_keys),
    };

    return cmocka_run_group_tests_name("json cursors", tests, NULL, NULL);
}
