/* SPDX-License-Identifier: Apache-2.0 */
#include "server/db_mysql_cell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

enum { BINARY = 63, UTF8 = 45, VARIES = 39 };

static void
columns_have_the_type_that_their_cells_become(void **state)
{
    static const struct {
        MYSQL_FIELD field;
        bool is_json;
        enum db_type type;
        enum db_mysql_fetch fetch;
    } cases[] = {
        {{.type = MYSQL_TYPE_TINY}, false, DB_INT, DB_MYSQL_SIGNED},
        {{.type = MYSQL_TYPE_LONGLONG, .flags = UNSIGNED_FLAG}, false, DB_INT, DB_MYSQL_UNSIGNED},
        {{.type = MYSQL_TYPE_BIT, .charsetnr = BINARY}, false, DB_INT, DB_MYSQL_BITS},
        {{.type = MYSQL_TYPE_FLOAT}, false, DB_REAL, DB_MYSQL_FLOAT},
        {{.type = MYSQL_TYPE_DOUBLE}, false, DB_REAL, DB_MYSQL_DOUBLE},
        {{.type = MYSQL_TYPE_NEWDECIMAL, .charsetnr = BINARY}, false, DB_DECIMAL, DB_MYSQL_BYTES},
        {{.type = MYSQL_TYPE_DATE, .charsetnr = BINARY}, false, DB_TEXT, DB_MYSQL_DATE},
        {{.type = MYSQL_TYPE_TIMESTAMP}, false, DB_TEXT, DB_MYSQL_TIMESTAMP},
        {{.type = MYSQL_TYPE_NULL}, false, DB_NULL, DB_MYSQL_NOTHING},
        {{.type = MYSQL_TYPE_VAR_STRING, .charsetnr = UTF8}, false, DB_TEXT, DB_MYSQL_BYTES},
        {{.type = MYSQL_TYPE_VAR_STRING, .charsetnr = BINARY}, false, DB_BLOB, DB_MYSQL_BYTES},
        {{.type = MYSQL_TYPE_BLOB, .charsetnr = UTF8}, false, DB_TEXT, DB_MYSQL_BYTES},
        {{.type = MYSQL_TYPE_BLOB, .charsetnr = BINARY}, false, DB_BLOB, DB_MYSQL_BYTES},
        /* MariaDB's JSON is text with a mark, MySQL's a type whose character set is binary. */
        {{.type = MYSQL_TYPE_BLOB, .charsetnr = UTF8}, true, DB_JSON, DB_MYSQL_BYTES},
        {{.type = MYSQL_TYPE_JSON, .charsetnr = BINARY}, false, DB_JSON, DB_MYSQL_BYTES},
        {{.type = MYSQL_TYPE_GEOMETRY, .charsetnr = BINARY}, false, DB_BLOB, DB_MYSQL_BYTES},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct db_mysql_column c = db_mysql_cell_column(&cases[i].field, cases[i].is_json);

        assert_int_equal(c.type, cases[i].type);
        assert_int_equal(c.fetch, cases[i].fetch);
    }
}

static void
times_are_written_in_iso_form(void **state)
{
    static const struct {
        struct db_mysql_column column;
        MYSQL_TIME time;
        const char *text;
    } cases[] = {
        {{DB_TEXT, DB_MYSQL_DATE, 0}, {.year = 2026, .month = 1, .day = 2}, "2026-01-02"},
        {{DB_TEXT, DB_MYSQL_DATE, 0}, {.year = 0}, "0000-00-00"},
        {{DB_TEXT, DB_MYSQL_DATETIME, 0},
         {.year = 9999, .month = 12, .day = 31, .hour = 23, .minute = 59, .second = 59},
         "9999-12-31T23:59:59"},
        {{DB_TEXT, DB_MYSQL_DATETIME, 3},
         {.year = 2026, .month = 1, .day = 2, .second_part = 40999},
         "2026-01-02T00:00:00.040"},
        {{DB_TEXT, DB_MYSQL_TIMESTAMP, 6},
         {.year = 2026, .month = 1, .day = 2, .hour = 3, .second_part = 1},
         "2026-01-02T03:00:00.000001Z"},
        {{DB_TEXT, DB_MYSQL_TIME, 0},
         {.hour = 838, .minute = 59, .second = 59, .neg = 1},
         "-838:59:59"},
        {{DB_TEXT, DB_MYSQL_TIME, 1}, {.second_part = 900000}, "00:00:00.9"},
        /* Of an expression; the server does not say how many there are. */
        {{DB_TEXT, DB_MYSQL_TIME, VARIES}, {.second = 7}, "00:00:07"},
        {{DB_TEXT, DB_MYSQL_TIME, VARIES}, {.second_part = 250000}, "00:00:00.250000"},
        /* What no server sends, but a broken one might. */
        {{DB_TEXT, DB_MYSQL_DATETIME, 6},
         {.year = UINT32_MAX,
          .month = UINT32_MAX,
          .day = UINT32_MAX,
          .hour = UINT32_MAX,
          .minute = UINT32_MAX,
          .second = UINT32_MAX,
          .second_part = 4294967295},
         "4294967295-4294967295-4294967295T4294967295:4294967295:4294967295.967295"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct db_mysql_cell cell = {.as.time = cases[i].time};
        struct db_value v = db_mysql_cell_value(&cases[i].column, &cell, "");

        assert_int_equal(v.type, DB_TEXT);
        assert_true(str_eq(v.s, cases[i].text));
    }
}

static void
integers_above_the_signed_ones_are_decimals(void **state)
{
    static const struct db_mysql_column column = {DB_INT, DB_MYSQL_UNSIGNED, 0};
    static const struct db_mysql_column bits = {DB_INT, DB_MYSQL_BITS, 0};
    struct db_mysql_cell cell = {.as.i = INT64_MAX};
    struct db_value v = db_mysql_cell_value(&column, &cell, "");

    (void)state;
    assert_true(v.type == DB_INT && v.i == INT64_MAX);
    cell.as.i = INT64_MIN;
    v = db_mysql_cell_value(&column, &cell, "");
    assert_true(v.type == DB_DECIMAL && str_eq(v.s, "9223372036854775808"));

    cell = (struct db_mysql_cell){.as.bits = {1, 2}, .n = 2};
    v = db_mysql_cell_value(&bits, &cell, "");
    assert_true(v.type == DB_INT && v.i == 258);
    cell = (struct db_mysql_cell){.as.bits = {255, 255, 255, 255, 255, 255, 255, 255}, .n = 8};
    v = db_mysql_cell_value(&bits, &cell, "");
    assert_true(v.type == DB_DECIMAL && str_eq(v.s, "18446744073709551615"));
    /* Longer than there is room for. */
    cell.n = 9;
    v = db_mysql_cell_value(&bits, &cell, "");
    assert_true(str_eq(v.s, "18446744073709551615"));
}

static void
a_float_is_the_double_that_is_written_like_it(void **state)
{
    static const struct db_mysql_column column = {DB_REAL, DB_MYSQL_FLOAT, 0};
    static const double values[] = {0.1, 0.0, -1.5, 3.4028235e38, 1e-45, 16777216, 123456.789};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct db_mysql_cell cell = {.as.f = (float)values[i]};
        struct db_value v = db_mysql_cell_value(&column, &cell, "");

        assert_int_equal(v.type, DB_REAL);
        assert_true((float)v.d == (float)values[i]);
    }
    assert_true(db_mysql_cell_value(&column, &(struct db_mysql_cell){.as.f = 0.1f}, "").d == 0.1);
}

static void
decimals_are_numbers_of_json(void **state)
{
    static const struct db_mysql_column column = {DB_DECIMAL, DB_MYSQL_BYTES, 0};
    static const char *const cases[][2] = {
        {"0", "0"},        {"0.50", "0.50"}, {"-0.5", "-0.5"}, {"00012.50", "12.50"},
        {"0000.5", "0.5"}, {"000", "0"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct db_mysql_cell cell = {.n = strlen(cases[i][0])};
        struct db_value v = db_mysql_cell_value(&column, &cell, cases[i][0]);

        assert_int_equal(v.type, DB_DECIMAL);
        assert_true(str_eq(v.s, cases[i][1]));
    }
}

static void
a_null_is_null_whatever_the_column(void **state)
{
    (void)state;
    for (int fetch = DB_MYSQL_NOTHING; fetch <= DB_MYSQL_BYTES; fetch++) {
        struct db_mysql_column column = {DB_TEXT, (enum db_mysql_fetch)fetch, 0};
        struct db_mysql_cell cell = {.is_null = 1, .n = 5};

        assert_int_equal(db_mysql_cell_value(&column, &cell, "bytes").type, DB_NULL);
    }
}

static void
parameters_borrow_the_values(void **state)
{
    struct db_value i = {.type = DB_INT, .i = 7}, d = {.type = DB_REAL, .d = 0.5};
    struct db_value s = {.type = DB_TEXT, .s = {"text", 4}}, none = {.type = DB_BLOB};
    struct db_value n = {.type = DB_NULL}, m = {.type = DB_DECIMAL, .s = {"1.5", 3}};
    MYSQL_BIND b;

    (void)state;
    db_mysql_cell_param(&i, &b);
    assert_true(b.buffer_type == MYSQL_TYPE_LONGLONG && b.buffer == &i.i && !b.is_unsigned);
    db_mysql_cell_param(&d, &b);
    assert_true(b.buffer_type == MYSQL_TYPE_DOUBLE && b.buffer == &d.d);
    db_mysql_cell_param(&s, &b);
    assert_true(b.buffer_type == MYSQL_TYPE_STRING && b.buffer_length == 4);
    assert_ptr_equal(b.buffer, s.s.p);
    db_mysql_cell_param(&m, &b);
    assert_true(b.buffer_type == MYSQL_TYPE_NEWDECIMAL && b.buffer_length == 3);
    db_mysql_cell_param(&none, &b);
    assert_true(b.buffer_type == MYSQL_TYPE_BLOB && b.buffer != NULL && b.buffer_length == 0);
    db_mysql_cell_param(&n, &b);
    assert_int_equal(b.buffer_type, MYSQL_TYPE_NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_have_the_type_that_their_cells_become),
        cmocka_unit_test(times_are_written_in_iso_form),
        cmocka_unit_test(integers_above_the_signed_ones_are_decimals),
        cmocka_unit_test(a_float_is_the_double_that_is_written_like_it),
        cmocka_unit_test(decimals_are_numbers_of_json),
        cmocka_unit_test(a_null_is_null_whatever_the_column),
        cmocka_unit_test(parameters_borrow_the_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
