/* SPDX-License-Identifier: Apache-2.0 */
#include "server/access_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "server/address.h"
#include "server/http_parse.h"
#include "json/json.h"

static const char HEAD[] = "GET /a%20b?c=d HTTP/1.1\r\n"
                           "Host: example.org\r\n"
                           "User-Agent: curl/8 \"x\"\r\n"
                           "Referer: http://r/\\\r\n"
                           "Authorization: Basic YWxpY2U6czNjcmV0\r\n"
                           "X-Forwarded-For: 203.0.113.7, 10.0.0.1\r\n"
                           "X-Odd: \xc3\xa9\xff\r\n"
                           "\r\n";

static const struct http_limits limits = {8192, 32, 8192, 32768};

static struct access_entry
entry(struct http_parser *parser, const char *head, struct address *peer)
{
    struct err err = ERR_INIT;

    http_parse_init(parser, &limits);
    assert_int_equal(http_parse(parser, head, strlen(head)), HTTP_PARSE_DONE);
    assert_int_equal(address_parse("192.0.2.5:4711", peer, &err), 0);
    return (struct access_entry){.request = &parser->request,
                                 .peer = peer,
                                 .id = STR_LIT("id-1"),
                                 .status = 200,
                                 .pid = 42,
                                 .sent = 512,
                                 .received = 7,
                                 .duration_us = 1234567,
                                 .upstream_us = 89,
                                 .unix_ms = 1795550951123};
}

static char *
line_of(const char *format, const struct access_entry *e)
{
    struct access_format *f = NULL;
    struct err err = ERR_INIT;
    char line[ACCESS_LINE_ROOM];
    size_t n;

    if (access_format_new(format, &f, &err) < 0)
        fail_msg("%s: %s", format, err.msg);
    n = access_format_line(f, e, line);
    access_format_free(f);
    assert_in_range(n, 1, ACCESS_LINE_MAX);
    assert_int_equal(line[n - 1], '\n');
    return mem_strndup(line, n - 1);
}

static void
every_atom_of_gunicorn_and_ours(void **state)
{
    static const char *const cases[][2] = {
        {"%(h)s", "192.0.2.5"},
        {"%(l)s", "-"},
        {"%(u)s", "alice"},
        {"%(t)s", "[24/Nov/2026:20:09:11 +0000]"},
        {"%(r)s", "GET /a%20b?c=d HTTP/1.1"},
        {"%(m)s", "GET"},
        {"%(U)s", "/a%20b"},
        {"%(q)s", "c=d"},
        {"%(H)s", "HTTP/1.1"},
        {"%(s)s", "200"},
        {"%(b)s %(B)d", "512 512"},
        {"%(f)s", "http://r/\\\\"},
        {"%(a)s", "curl/8 \\\"x\\\""},
        {"%(T)s", "1"},
        {"%(D)s", "1234567"},
        {"%(M)s", "1234"},
        {"%(L)s", "1.234567"},
        {"%(p)s", "<42>"},
        {"%({user-agent}i)s|%({Host}i)s|%({none}i)s", "curl/8 \\\"x\\\"|example.org|-"},
        {"%({authorization}i)s %({Cookie}i)s", "*** -"},
        {"%({X-Odd}i)s", "\\xc3\\xa9\\xff"},
        {"%({REMOTE_ADDR}e)s %({HTTP_HOST}e)s %({RAW_URI}e)s", "192.0.2.5 example.org /a%20b?c=d"},
        {"%({HTTP_AUTHORIZATION}e)s", "***"},
        {"%({BERTH_TEST_VARIABLE}e)s %({BERTH_TEST_NONE}e)s", "a\\x01b -"},
        {"%(time)s", "2026-11-24T20:09:11.123Z"},
        {"%(id)s %(target)s %(received)s %(upstream_us)s %(pid)s", "id-1 /a%20b?c=d 7 89 42"},
        {"100%% %(s)s%%", "100% 200%"},
        {"a%[ b %({none}i)s c%] d%[ e %(s)s%]%[%]", "a d e 200"},
        {"common",
         "192.0.2.5 - alice [24/Nov/2026:20:09:11 +0000] \"GET /a%20b?c=d HTTP/1.1\" 200 512"},
    };
    struct http_parser parser;
    struct address peer;
    struct access_entry e = entry(&parser, HEAD, &peer);

    (void)state;
    setenv("BERTH_TEST_VARIABLE", "a\1b", 1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_free char *line = line_of(cases[i][0], &e);

        assert_string_equal(line, cases[i][1]);
    }
}

static void
combined_is_what_gunicorn_writes_by_default(void **state)
{
    struct http_parser parser;
    struct address peer;
    struct access_entry e = entry(&parser, HEAD, &peer);
    cleanup_free char *ours = line_of("combined", &e);
    cleanup_free char *theirs =
        line_of("%(h)s %(l)s %(u)s %(t)s \"%(r)s\" %(s)s %(b)s \"%(f)s\" \"%(a)s\"", &e);

    (void)state;
    assert_string_equal(ours, theirs);
}

static void
formats_that_cannot_work_are_refused(void **state)
{
    static const char *const cases[][2] = {
        {"", "names no format"},
        {"combine", "names no format"},
        {"%h", "write %(NAME)s"},
        {"%(h)s %", "write %(NAME)s"},
        {"%(h", "write %(NAME)s"},
        {"%()s", "write %(NAME)s"},
        {"%(h)", "an s is missing"},
        {"%(h)x", "an s is missing"},
        {"%(nope)s", "no such value"},
        {"%({}i)s", "{NAME}i"},
        {"%({x}y)s", "{NAME}i"},
        {"%({x)s", "{NAME}i"},
        {"%({x}ii)s", "{NAME}i"},
        {"%(s)s%[", "'%[' without"},
        {"%(s)s%]", "'%]' without"},
        {"%(s)s%[%[%]%]", "inside of another"},
        {"{%[\"a\":%(upstream_us)s,%]}", "no JSON"},
        {"{%[\"a\":\"%(r)s\"%]%[,\"b\":\"%(u)s\"%]}", "no JSON"},
        {"{\"a\":%(s)s}%({x}o)s", "no JSON"},
        {"{\"a\":%(s)s}%({x}i)s", "no JSON"},
        {"{\"a\":%(s)s}%(u)s", "no JSON"},
        {"{\"a\":1%[,\"b\":%(s)s%]%[\"c\":\"%(u)s\"%]}", "no JSON"},
        {"%(h)s\n%(s)s", "control character"},
        {"{\"a\":%(h)s}", "no JSON"},
        {"{\"a\":\"%(h)s\"", "no JSON"},
        {"{\"a\":%(s)s,\"a\":%(s)s}", "no JSON"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct access_format *f = NULL;
        struct err err = ERR_INIT;

        assert_int_equal(access_format_new(cases[i][0], &f, &err), -1);
        if (strstr(err.msg, cases[i][1]) == NULL)
            fail_msg("%s: %s", cases[i][0], err.msg);
        assert_null(f);
    }
}

static void
fields_of_the_response_are_those_it_names(void **state)
{
    struct http_parser parser;
    struct address peer;
    struct access_entry e = entry(&parser, HEAD, &peer);
    const struct str response[] = {STR_LIT("text/html"), STR_LIT("sid=1"), {NULL, 0}};
    struct access_format *f = NULL;
    struct err err = ERR_INIT;
    char line[ACCESS_LINE_ROOM];
    size_t n;

    (void)state;
    e.response = response;
    assert_int_equal(
        access_format_new("%({Content-Type}o)s %({set-cookie}o)s %({etag}o)s %({content-type}o)s",
                          &f, &err),
        0);
    assert_string_equal(access_format_wanted(f, 0), "content-type");
    assert_string_equal(access_format_wanted(f, 1), "set-cookie");
    assert_string_equal(access_format_wanted(f, 2), "etag");
    assert_null(access_format_wanted(f, 3));
    n = access_format_line(f, &e, line);
    assert_int_equal(n, strlen("text/html *** - text/html\n"));
    assert_memory_equal(line, "text/html *** - text/html\n", n);
    access_format_free(f);
}

static void
json_is_valid_whatever_comes(void **state)
{
    struct http_parser parser;
    struct address peer;
    struct access_entry e = entry(&parser, HEAD, &peer);
    cleanup_free char *line =
        line_of("{\"odd\":\"%({x-odd}i)s\",\"agent\":\"%(a)s\",\"none\":\"%({no}i)s\",\"up\":"
                "%(upstream_us)s}",
                &e);
    cleanup_free char *whole = NULL;
    struct json_t *parsed;
    struct err err = ERR_INIT;

    (void)state;
    assert_string_equal(line, "{\"odd\":\"\xc3\xa9\xef\xbf\xbd\",\"agent\":\"curl/8 \\\"x\\\"\","
                              "\"none\":\"\",\"up\":89}");
    e.upstream_us = -1;
    whole = line_of("json", &e);
    assert_null(strstr(whole, "upstream_us"));
    assert_null(strstr(whole, "trace"));
    assert_non_null(strstr(whole, "\"forwarded\":\"203.0.113.7, 10.0.0.1\""));
    parsed = json_parse(str_from(whole), "line", &err);
    assert_non_null(parsed);
    json_free(parsed);
}

static void
what_was_not_understood_is_told_escaped(void **state)
{
    struct http_parser parser;
    struct address peer;
    struct access_entry e;
    cleanup_free char *line = NULL;
    cleanup_free char *none = NULL;

    (void)state;
    e = entry(&parser, HEAD, &peer);
    http_parse_init(&parser, &limits);
    e.start_line = (struct str){"\x16\x03\x01\r\nGET \"", 10};
    line = line_of("%(h)s \"%(r)s\" %(m)s %(U)s %(H)s %(a)s %(u)s", &e);
    assert_string_equal(line, "192.0.2.5 \"\\x16\\x03\\x01\\x0d\\x0aGET \\\"\" - - - - -");
    e.start_line.n = 0;
    none = line_of("%(r)s", &e);
    assert_string_equal(none, "-");
}

static void
only_the_name_of_basic_credentials_is_told(void **state)
{
    static const char *const cases[][2] = {
        {"Basic YWxpY2U6czNjcmV0", "alice"},
        {"basic  YWxpY2U6", "alice"},
        {"Basic YWxpY2U", "-"}, /* no colon: it may be the password */
        {"Basic Om5vYm9keQ==", "-"},
        {"Basic !", "-"},
        {"Basic", "-"},
        {"Bearer YWxpY2U6czNjcmV0", "-"},
        {"Basic YQo6", "a\\x0a"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_free char *head =
            mem_printf("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: %s\r\n\r\n", cases[i][0]);
        struct http_parser parser;
        struct address peer;
        struct access_entry e = entry(&parser, head, &peer);
        cleanup_free char *line = line_of("%(u)s", &e);

        assert_string_equal(line, cases[i][1]);
    }
}

static void
long_values_are_cut_and_leave_room_for_the_others(void **state)
{
    char value[8001];
    cleanup_free char *head = NULL;
    cleanup_free char *line = NULL;
    struct http_parser parser;
    struct address peer;
    struct access_entry e;
    struct json_t *parsed;
    struct err err = ERR_INIT;

    (void)state;
    memset(value, '"', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    head = mem_printf("GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: x%s\r\nReferer: %s\r\n"
                      "X-Forwarded-For: %s\r\n\r\n",
                      value, value, value);
    e = entry(&parser, head, &peer);
    line = line_of("json", &e);
    assert_in_range(strlen(line), 3000, ACCESS_LINE_MAX - 1);
    parsed = json_parse(str_from(line), "line", &err);
    assert_non_null(parsed);
    json_free(parsed);
    assert_non_null(strstr(line, "\"agent\":\"x\\\""));
    assert_string_equal(line + strlen(line) - strlen("\"}"), "\"}");
}

static void
peers_of_every_family(void **state)
{
    static const char *const cases[][2] = {
        {"[2001:db8::1]:80", "2001:db8::1"},
        {"[::ffff:192.0.2.9]:80", "192.0.2.9"},
        {"unix:/tmp/x", "-"},
    };
    struct http_parser parser;
    struct address peer;
    struct access_entry e = entry(&parser, HEAD, &peer);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        cleanup_free char *line = NULL;

        assert_int_equal(address_parse(cases[i][0], &peer, &err), 0);
        line = line_of("%(h)s", &e);
        assert_string_equal(line, cases[i][1]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_atom_of_gunicorn_and_ours),
        cmocka_unit_test(combined_is_what_gunicorn_writes_by_default),
        cmocka_unit_test(formats_that_cannot_work_are_refused),
        cmocka_unit_test(fields_of_the_response_are_those_it_names),
        cmocka_unit_test(json_is_valid_whatever_comes),
        cmocka_unit_test(what_was_not_understood_is_told_escaped),
        cmocka_unit_test(only_the_name_of_basic_credentials_is_told),
        cmocka_unit_test(long_values_are_cut_and_leave_room_for_the_others),
        cmocka_unit_test(peers_of_every_family),
    };
    return cmocka_run_group_tests_name("server/access_format", tests, NULL, NULL);
}
