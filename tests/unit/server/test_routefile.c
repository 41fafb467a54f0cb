/* SPDX-License-Identifier: Apache-2.0 */
#include "server/routefile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/buf.h"
#include "server/http_parse.h"

static const char posts[] = "# posts\n"
                            "\n"
                            "GET /api/v1/posts/\n"
                            "    param limit int 1..1000 = 100\n"
                            "    param offset int 0.. = 0\n"
                            "    page limit offset   \n"
                            "    cache 10\n"
                            "    sql SELECT id, 'a:b' AS \"c:d\" -- :e\n"
                            "\n"
                            "        # no part of it\n"
                            "        FROM posts /* :f */ LIMIT :limit OFFSET :offset\n"
                            "POST /api/v1/posts/\r\n"
                            "\tparam title text 1..200\r\n"
                            "\tbody json\r\n"
                            "\tstatus 201\r\n"
                            "\tsql INSERT INTO posts (title, t2) VALUES (:title, :title)\r\n"
                            "GET /api/v1/posts/{id}\n"
                            "    sql\n"
                            "        SELECT * FROM posts WHERE id = :id AND f > :f AND b = :b\n"
                            "    row\n"
                            "    json a b\n"
                            "    param id int 1..\n"
                            "    param f real ..0.5 = -1e3\n"
                            "    param b bool = null";

static void
parse(const char *text, struct routefile *f)
{
    cleanup_buf struct buf findings = BUF_INIT(4096);
    unsigned n = routefile_parse(str_from(text), "routes.txt", f, &findings);

    assert_string_equal(buf_cstr(&findings), "");
    assert_int_equal(n, 0);
}

static void
a_file_becomes_routes(void **state)
{
    cleanup_routefile struct routefile f = {.n = 0};
    const struct routefile_route *r;

    (void)state;
    parse(posts, &f);
    assert_int_equal(f.n, 3);
    r = &f.v[0];
    assert_int_equal(r->line, 3);
    assert_int_equal(r->sql_line, 8);
    assert_int_equal(r->method, HTTP_GET);
    assert_string_equal(r->path, "/api/v1/posts/");
    assert_string_equal(r->sql, "SELECT id, 'a:b' AS \"c:d\" -- :e\n"
                                "FROM posts /* :f */ LIMIT ? OFFSET ?");
    assert_int_equal(r->n_binds, 2);
    assert_int_equal(r->binds[0], 0);
    assert_int_equal(r->binds[1], 1);
    assert_int_equal(r->cache_s, 10);
    assert_int_equal(r->page_limit, 0);
    assert_int_equal(r->page_offset, 1);
    assert_true(r->params[0].is_optional);
    assert_int_equal(r->params[0].value.i, 100);
    assert_int_equal(r->params[1].max, INT64_MAX);
    r = &f.v[1];
    assert_int_equal(r->method, HTTP_POST);
    assert_int_equal(r->body, ROUTEFILE_BODY_JSON);
    assert_int_equal(r->status, 201);
    assert_int_equal(r->n_binds, 2);
    assert_int_equal(r->binds[1], 0);
    assert_false(r->params[0].is_optional);
    r = &f.v[2];
    assert_true(r->is_row);
    assert_int_equal(r->literal, strlen("/api/v1/posts"));
    assert_int_equal(r->n_json, 2);
    assert_true(r->params[0].in_path);
    assert_true(r->params[1].value.d == -1000);
    assert_int_equal(r->params[2].value.type, DB_NULL);
}

static void
what_is_wrong_is_told_with_its_line(void **state)
{
    static const char *const cases[][2] = {
        {"", "r:1: there is no route"},
        {"# only this\n", "r:2: there is no route"},
        {"    sql SELECT 1\n", "r:1: the line is indented, but belongs to no route"},
        {"FETCH /a\n sql SELECT 1", "r:1: 'FETCH' is none of GET"},
        {"GET\n sql SELECT 1", "r:1: '': a path begins with a slash"},
        {"GET a\n sql SELECT 1", "r:1: 'a': a path begins with a slash"},
        {"GET /a b\n sql SELECT 1", "more than it takes: 'b'"},
        {"GET /a//b\n sql SELECT 1", "two slashes"},
        {"GET /a%20b\n sql SELECT 1", "only letters"},
        {"GET /../b\n sql SELECT 1", "only letters"},
        {"GET /{a}\n param a int\n sql SELECT :a", "the first part must be no parameter"},
        {"GET /a/x{a}\n param a int\n sql SELECT :a", "only letters"},
        {"GET /a/{a}x\n param a int\n sql SELECT :a", "a parameter stands alone"},
        {"GET /a/{}\n sql SELECT 1", "a parameter stands alone"},
        {"GET /a/{\n sql SELECT 1", "a parameter stands alone"},
        {"GET /a/{b}\n sql SELECT 1", "r:1: the path's parameter is not declared: param b text"},
        {"GET /a/{b}\n param b int = 1\n sql SELECT :b", "r:2: a parameter of the path is always"},
        {"GET /a\n", "r:1: the route has no sql"},
        {"GET /a\n sql\n", "r:2: sql: there is no statement"},
        {"GET /a\n sql SELECT 1\n sql SELECT 2", "r:3: the route has an sql already, in line 2"},
        {"GET /a\n sql SELECT :b", "r:2: the sql uses :b, which is no parameter"},
        {"GET /a\n sql SELECT ?", "r:2: the sql has a ?"},
        {"GET /a\n param b int\n sql SELECT 1", "r:2: parameter 'b' is not used"},
        {"GET /a\n param b int\n param b int\n sql SELECT :b", "r:3: parameter 'b' is declared al"},
        {"GET /a\n param 1b int\n sql SELECT 1", "r:2: '1b' is no name"},
        {"GET /a\n param b number\n sql SELECT :b", "the type 'number' is none of"},
        {"GET /a\n param b int 1\n sql SELECT :b", "'1' is no range for 'b'"},
        {"GET /a\n param b int 5..1\n sql SELECT :b", "'5..1' is no range for 'b'"},
        {"GET /a\n param b bool 0..1\n sql SELECT :b", "is no range for 'b'"},
        {"GET /a\n param b text -1..\n sql SELECT :b", "is no range for 'b'"},
        {"GET /a\n param b int 1..2 3\n sql SELECT :b", "'3' is more than a parameter has"},
        {"GET /a\n param b int 1..2 = 3\n sql SELECT :b", "the default of 'b' must be from 1 to 2"},
        {"GET /a\n param b int = x\n sql SELECT :b", "the default of 'b' must be an integer"},
        {"GET /a\n parm b int\n sql SELECT 1", "there is no 'parm': did you mean 'param'?"},
        {"GET /a\n cache 0\n sql SELECT 1", "cache: '0' is no number"},
        {"GET /a\n cache 1\n cache 2\n sql SELECT 1", "r:3: the route has a cache already"},
        {"POST /a\n cache 1\n sql SELECT 1", "only answers to GET are kept"},
        {"GET /a\n body json\n sql SELECT 1", "a request with GET has none"},
        {"POST /a\n body xml\n sql SELECT 1", "'xml' is neither json nor form"},
        {"GET /a\n shape list\n sql SELECT 1", "'list' is neither array nor object"},
        {"GET /a\n status 404\n sql SELECT 1", "'404' is no status of a success"},
        {"GET /a\n json\n sql SELECT 1", "write the names of the columns"},
        {"GET /a\n page b c\n sql SELECT 1", "'b' is no parameter of type int"},
        {"GET /a\n page b\n sql SELECT 1", "write the parameters of the page's"},
        {"GET /a\n sql SELECT 1\nGET /a\n sql SELECT 2", "r:3: the route is the same as in line 1"},
        {"GET /a/{b}\n param b int\n sql SELECT :b\nGET /a/{c}\n param c int\n sql SELECT :c",
         "r:4: the route is the same as in line 1"},
        {"GET /a\n param n int = 1\n param o int = 1\n page n o\n row\n sql SELECT :n, :o",
         "one row has no pages"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_buf struct buf findings = BUF_INIT(4096);
        struct routefile f;

        assert_true(routefile_parse(str_from(cases[i][0]), "r", &f, &findings) > 0);
        if (strstr(buf_cstr(&findings), cases[i][1]) == NULL)
            fail_msg("%s\nsays\n%snot\n%s", cases[i][0], buf_cstr(&findings), cases[i][1]);
    }
}

static void
all_faults_are_found_in_one_run(void **state)
{
    cleanup_buf struct buf findings = BUF_INIT(4096);
    struct routefile f;

    (void)state;
    assert_int_equal(
        routefile_parse(STR_LIT("GET /a\n cach 1\n sql SELECT :b\n\nPUT b\n"), "r", &f, &findings),
        4);
    assert_string_equal(buf_cstr(&findings),
                        "r:2: there is no 'cach': did you mean 'cache'?\n"
                        "r:3: the sql uses :b, which is no parameter of the route\n"
                        "r:5: 'b': a path begins with a slash\n"
                        "r:5: the route has no sql\n");
}

static void
literals_win_over_parameters(void **state)
{
    static const char text[] = "GET /a/{x}\n param x text\n sql SELECT :x\n"
                               "GET /a/new\n sql SELECT 1\n"
                               "DELETE /a/{id}\n param id int\n sql DELETE FROM a WHERE id = :id\n"
                               "POST /a/new\n sql SELECT 2\n"
                               "PUT /a/{x}/b/{y}\n param x int\n param y int\n sql SELECT :x, :y\n"
                               "GET /a/\n sql SELECT 3\n";
    static const struct {
        unsigned method;
        const char *path;
        unsigned line, allowed;
        const char *first, *second;
    } cases[] = {
        {HTTP_GET, "/a/new", 4, 0, NULL, NULL},
        {HTTP_POST, "/a/new", 9, 0, NULL, NULL},
        {HTTP_DELETE, "/a/new", 6, 0, "new", NULL},
        {HTTP_GET, "/a/other", 1, 0, "other", NULL},
        {HTTP_PUT, "/a/1/b/2", 11, 0, "1", "2"},
        {HTTP_GET, "/a/", 15, 0, NULL, NULL},
        {HTTP_POST, "/a/other", 0, HTTP_GET | HTTP_DELETE, NULL, NULL},
        {HTTP_GET, "/a/1/b/2", 0, HTTP_PUT, NULL, NULL},
        {HTTP_GET, "/a/1/b", 0, 0, NULL, NULL},
        {HTTP_GET, "/a/1/b/", 0, 0, NULL, NULL},
        {HTTP_GET, "/a/1/c/2", 0, 0, NULL, NULL},
        {HTTP_GET, "/a/1/b/2/", 0, 0, NULL, NULL},
        {HTTP_GET, "/a", 0, 0, NULL, NULL},
        {HTTP_GET, "/ab", 0, 0, NULL, NULL},
        {HTTP_GET, "/a/x/", 0, 0, NULL, NULL},
        {HTTP_GET, "/", 0, 0, NULL, NULL},
    };
    cleanup_routefile struct routefile f = {.n = 0};

    (void)state;
    parse(text, &f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str values[ROUTEFILE_PARAMS_MAX] = {{NULL, 0}};
        unsigned allowed = 0;
        const struct routefile_route *r =
            routefile_match(&f, cases[i].method, str_from(cases[i].path), values, &allowed);

        assert_int_equal(r != NULL ? r->line : 0, cases[i].line);
        if (r == NULL)
            assert_int_equal(allowed, cases[i].allowed);
        if (cases[i].first != NULL)
            assert_true(str_eq(values[0], cases[i].first));
        if (cases[i].second != NULL)
            assert_true(str_eq(values[1], cases[i].second));
    }
}

static void
values_are_of_their_type_and_in_their_range(void **state)
{
    static const struct {
        const char *declared, *text, *why;
    } cases[] = {
        {"int 1..9", "1", NULL},
        {"int 1..9", "9", NULL},
        {"int", "-9223372036854775808", NULL},
        {"real", "-0.5", NULL},
        {"real", "1e3", NULL},
        {"real 0..1", "1", NULL},
        {"bool", "true", NULL},
        {"bool", "0", NULL},
        {"text", "", NULL},
        {"text 1..2", "\xc3\xa4\xe2\x82\xac", NULL},
        {"int 1..9", "0", "must be from 1 to 9"},
        {"int 1..9", "10", "must be from 1 to 9"},
        {"int 1..", "0", "must be at least 1"},
        {"int ..9", "10", "must be at most 9"},
        {"int", "9223372036854775808", "must be an integer"},
        {"int", "1.0", "must be an integer"},
        {"int", "+1", "must be an integer"},
        {"int", "", "must be an integer"},
        {"real", "1.", "must be a number"},
        {"real", ".5", "must be a number"},
        {"real", "nan", "must be a number"},
        {"real", "0x1p3", "must be a number"},
        {"real", "1e999", "must be a number"},
        {"real", " 1", "must be a number"},
        {"real 0..1", "1.5", "must be from 0 to 1"},
        {"bool", "yes", "must be true or false"},
        {"text 1..2", "", "must be from 1 to 2 characters"},
        {"text 1..2", "abc", "must be from 1 to 2 characters"},
        {"text", "\xff", "must be text in UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_routefile struct routefile f = {.n = 0};
        char why[ROUTEFILE_WHY_MAX] = "";
        char text[256];
        struct db_value v;
        bool good;

        snprintf(text, sizeof(text), "GET /a\n param p %s\n sql SELECT :p", cases[i].declared);
        parse(text, &f);
        good = routefile_value(&f.v[0].params[0], str_from(cases[i].text), &v, why);
        assert_int_equal(good, cases[i].why == NULL);
        if (!good)
            assert_string_equal(why, cases[i].why);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_becomes_routes),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line),
        cmocka_unit_test(all_faults_are_found_in_one_run),
        cmocka_unit_test(literals_win_over_parameters),
        cmocka_unit_test(values_are_of_their_type_and_in_their_range),
    };
    return cmocka_run_group_tests_name("server/routefile", tests, NULL, NULL);
}
