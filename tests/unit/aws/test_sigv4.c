/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/sigv4.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "aws/creds.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"

#define CASES TEST_DIR "/cases/aws/sigv4"

enum { FILE_MAX = 64 * 1024 };

/* A case: request.txt and context.txt are the input, the other files every text in between. */
struct vector {
    struct buf request_text, context_text;
    struct sigv4_header headers[SIGV4_HEADERS_MAX];
    struct sigv4_request request;
    struct sigv4_scope scope;
    struct creds creds;
    char region[64], service[64];
};

static void
read_case(const char *name, const char *file, struct buf *out)
{
    struct err err = ERR_INIT;
    cleanup_free char *path = mem_printf("%s/%s/%s", CASES, name, file);

    if (fs_read(path, out, &err) < 0)
        fail_msg("%s", err.msg);
}

/* "20150830T123600Z" by the C library, so that base/clock.h is not its own witness. */
static int64_t
unix_time(const char *stamp)
{
    struct tm tm = {0};

    assert_int_equal(sscanf(stamp, "%4d%2d%2dT%2d%2d%2dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                            &tm.tm_hour, &tm.tm_min, &tm.tm_sec),
                     6);
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return timegm(&tm);
}

static void
load(const char *name, struct vector *v)
{
    char key_id[64], secret[128], token[128], stamp[32];
    struct str rest, target;

    *v = (struct vector){.request_text = BUF_INIT(FILE_MAX), .context_text = BUF_INIT(FILE_MAX)};
    v->creds = (struct creds)CREDS_INIT;
    read_case(name, "request.txt", &v->request_text);
    read_case(name, "context.txt", &v->context_text);
    assert_int_equal(sscanf(buf_cstr(&v->context_text), "%63s %127s %127s %63s %63s %31s", key_id,
                            secret, token, v->region, v->service, stamp),
                     6);
    secret_set(&v->creds.key_id, key_id, strlen(key_id));
    secret_set(&v->creds.secret_key, secret, strlen(secret));
    v->scope = (struct sigv4_scope){v->region, v->service, unix_time(stamp)};
    rest = buf_view(&v->request_text);
    target = str_cut(&rest, '\n');
    v->request.method = str_cut(&target, ' ');
    target = str_cut(&target, ' ');
    v->request.path = str_cut(&target, '?');
    v->request.query = target;
    v->request.headers = v->headers;
    for (;;) {
        struct str line = str_cut(&rest, '\n');
        struct str header_name;

        if (line.n == 0)
            break;
        header_name = str_cut(&line, ':');
        v->headers[v->request.n_headers++] = (struct sigv4_header){header_name, line};
    }
    v->request.body = rest;
}

static void
unload(struct vector *v)
{
    buf_done(&v->request_text);
    buf_done(&v->context_text);
    creds_done(&v->creds);
}

static void
assert_file(const char *name, const char *file, struct str got)
{
    cleanup_buf struct buf want = BUF_INIT(FILE_MAX);

    read_case(name, file, &want);
    if (want.n != got.n || memcmp(want.p, got.p, got.n) != 0)
        fail_msg("%s/%s: want\n%s\ngot\n" STR_FMT, name, file, buf_cstr(&want), STR_ARG(got));
}

static void
check_case(const char *name)
{
    struct vector v;
    struct err err = ERR_INIT;
    cleanup_buf struct buf canonical = BUF_INIT(FILE_MAX);
    cleanup_buf struct buf to_sign = BUF_INIT(FILE_MAX);
    cleanup_buf struct buf authorization = BUF_INIT(FILE_MAX);
    char signature[DIGEST_SHA256_HEX];

    load(name, &v);
    assert_int_equal(sigv4_canonical_request(&v.request, &canonical, &err), 0);
    assert_file(name, "canonical-request.txt", buf_view(&canonical));
    sigv4_string_to_sign(&v.scope, buf_view(&canonical), &to_sign);
    assert_file(name, "string-to-sign.txt", buf_view(&to_sign));
    sigv4_signature(&v.scope, &v.creds, buf_view(&to_sign), signature);
    assert_file(name, "signature.txt", str_from(signature));
    assert_int_equal(sigv4_authorization(&v.request, &v.scope, &v.creds, &authorization, &err), 0);
    assert_file(name, "authorization.txt", buf_view(&authorization));
    unload(&v);
}

static void
every_stage_of_every_case_is_as_its_file_says(void **state)
{
    DIR *dir = opendir(CASES);
    struct dirent *entry;
    int n = 0;

    (void)state;
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        check_case(entry->d_name);
        n++;
    }
    closedir(dir);
    assert_true(n >= 12);
}

/* The digests that two other implementations agree on (golden vectors A, B and C). */
static void
the_golden_vectors_have_the_published_digests(void **state)
{
    static const struct {
        const char *name, *canonical, *signature;
    } golden[] = {
        {"register-with-token", "5f9bf361fc8b511d7249118c915e3a8d819c7be878854e2e18a997085e571154",
         "e093a998ca11cce23799bea7efc3c247c6765ebb980f96def685d3bd388fec13"},
        {"register", "28a66a2c98b4aa67546ab9deb305993ed0f3155222c69f75df5f011c4d807527",
         "7ca17cd2e60848b4fda274677173b532140b640043cdec012ebc6fb05f2efcbe"},
        {"list", "caa67c3de1b34af9a23554ab93770821f6588d906942c4ceaa5d1c8e093f7e68",
         "aef1897de7cff2cf4f49f771babe96a53edd5bb8a6de908e1f9212866abd8577"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
        struct vector v;
        struct err err = ERR_INIT;
        cleanup_buf struct buf canonical = BUF_INIT(FILE_MAX);
        cleanup_buf struct buf to_sign = BUF_INIT(FILE_MAX);
        char hex[DIGEST_SHA256_HEX];

        load(golden[i].name, &v);
        assert_int_equal(sigv4_canonical_request(&v.request, &canonical, &err), 0);
        digest_sha256_hex(canonical.p, canonical.n, hex);
        assert_string_equal(hex, golden[i].canonical);
        sigv4_string_to_sign(&v.scope, buf_view(&canonical), &to_sign);
        sigv4_signature(&v.scope, &v.creds, buf_view(&to_sign), hex);
        assert_string_equal(hex, golden[i].signature);
        unload(&v);
    }
}

static void
assert_canonical(const char *path, const char *query, const char *want)
{
    const struct sigv4_request request = {
        .method = STR_LIT("GET"), .path = str_from(path), .query = str_from(query)};
    struct err err = ERR_INIT;
    cleanup_buf struct buf out = BUF_INIT(FILE_MAX);

    assert_int_equal(sigv4_canonical_request(&request, &out, &err), 0);
    if (strncmp(buf_cstr(&out), want, strlen(want)) != 0)
        fail_msg("path '%s' query '%s': want\n%s\ngot\n%s", path, query, want, buf_cstr(&out));
}

static void
paths_and_queries_have_one_spelling(void **state)
{
    (void)state;
    assert_canonical("", "", "GET\n/\n\n");
    assert_canonical("/..", "", "GET\n/\n\n");
    assert_canonical("/a/..", "", "GET\n/\n\n");
    assert_canonical("/a/../../b", "", "GET\n/b\n\n");
    assert_canonical("//", "", "GET\n/\n\n");
    assert_canonical("/a/", "", "GET\n/a/\n\n");
    assert_canonical("/a", "", "GET\n/a\n\n");
    assert_canonical("/", "a", "GET\n/\na=\n");
    assert_canonical("/", "&&a=1&", "GET\n/\na=1\n");
    assert_canonical("/", "a=%7e&b=%2f", "GET\n/\na=~&b=%2F\n");
    assert_canonical("/", "a=%zz&b=%", "GET\n/\na=%25zz&b=%25\n");
    assert_canonical("/", "a=b=c", "GET\n/\na=b%3Dc\n");
    assert_canonical("/", "a=1&A=2", "GET\n/\nA=2&a=1\n");
}

static void
headers_of_one_name_are_joined_in_their_order(void **state)
{
    const struct sigv4_header headers[] = {
        {STR_LIT("X-B"), STR_LIT("2")},
        {STR_LIT("x-a"), STR_LIT(" first\r\n  folded ")},
        {STR_LIT("X-A"), STR_LIT("second")},
    };
    const struct sigv4_request request = {
        .method = STR_LIT("GET"), .path = STR_LIT("/"), .headers = headers, .n_headers = 3};
    struct err err = ERR_INIT;
    cleanup_buf struct buf out = BUF_INIT(FILE_MAX);
    cleanup_buf struct buf names = BUF_INIT(FILE_MAX);

    (void)state;
    assert_int_equal(sigv4_canonical_request(&request, &out, &err), 0);
    assert_non_null(strstr(buf_cstr(&out), "\nx-a:first folded,second\nx-b:2\n\nx-a;x-b\n"));
    assert_int_equal(sigv4_signed_headers(&request, &names, &err), 0);
    assert_string_equal(buf_cstr(&names), "x-a;x-b");
}

static void
too_many_headers_or_parameters_are_refused(void **state)
{
    static struct sigv4_header headers[SIGV4_HEADERS_MAX + 1];
    struct sigv4_request request = {
        .method = STR_LIT("GET"), .headers = headers, .n_headers = SIGV4_HEADERS_MAX + 1};
    struct err err = ERR_INIT;
    cleanup_buf struct buf out = BUF_INIT(FILE_MAX);
    cleanup_buf struct buf query = BUF_INIT(FILE_MAX);

    (void)state;
    assert_int_equal(sigv4_canonical_request(&request, &out, &err), -1);
    assert_int_equal(err.code, ERR_LIMIT);
    for (int i = 0; i <= SIGV4_QUERY_MAX; i++)
        buf_appendf(&query, "%d&", i);
    request = (struct sigv4_request){.method = STR_LIT("GET"), .query = buf_view(&query)};
    err = (struct err)ERR_INIT;
    assert_int_equal(sigv4_canonical_request(&request, &out, &err), -1);
    assert_int_equal(err.code, ERR_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stage_of_every_case_is_as_its_file_says),
        cmocka_unit_test(the_golden_vectors_have_the_published_digests),
        cmocka_unit_test(paths_and_queries_have_one_spelling),
        cmocka_unit_test(headers_of_one_name_are_joined_in_their_order),
        cmocka_unit_test(too_many_headers_or_parameters_are_refused),
    };

    return cmocka_run_group_tests_name("aws/sigv4", tests, NULL, NULL);
}
