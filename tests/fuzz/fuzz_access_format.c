/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A format up to the first NUL, then a request: whatever both are, a line is one line, is not too
 * long, and is a JSON object where the format says so.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "server/access_format.h"
#include "server/address.h"
#include "server/http_parse.h"
#include "server/request_id.h"
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct http_limits limits = {.line = 8192, .fields = 32, .field = 8192, .head = 32768};

static void
check_line(struct access_format *f, const struct access_entry *e, bool is_json)
{
    char line[ACCESS_LINE_ROOM];
    size_t n = access_format_line(f, e, line);
    struct err err = ERR_INIT;

    assert(n >= 1 && n <= ACCESS_LINE_MAX);
    assert(memchr(line, '\n', n) == line + n - 1);
    for (size_t i = 0; i < n - 1; i++)
        assert((unsigned char)line[i] >= 0x20);
    if (is_json) {
        struct json_t *v = json_parse((struct str){line, n}, "line", &err);

        /* Digits of the format before a number can make one that our reader has no type for. */
        assert(v != NULL || strstr(err.msg, "too big") != NULL ||
               strstr(err.msg, "overflow") != NULL);
        json_free(v);
    }
}

static void
check(struct access_format *f, struct str rest, bool is_json)
{
    struct str response[ACCESS_RESPONSE_FIELDS_MAX];
    struct address peer = {.v6 = {.sin6_family = AF_INET6}};
    struct http_parser parser;
    struct access_entry e = {.request = &parser.request, .peer = &peer, .response = response};

    for (size_t i = 0; i < ARRAY_LEN(response); i++)
        response[i] = rest;
    http_parse_init(&parser, &limits);
    if (rest.n == 0 || http_parse(&parser, rest.p, rest.n) != HTTP_PARSE_DONE)
        e.start_line = rest;
    e.id = request_id_is_sane(rest) ? rest : STR_LIT("id");
    e.status = 404;
    e.sent = e.received = INT64_MAX;
    e.duration_us = INT64_MAX;
    e.upstream_us = -1;
    e.unix_ms = 253402300799999;
    e.pid = UINT32_MAX;
    check_line(f, &e, is_json);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    size_t n = size > 0 ? strnlen(text, size) : 0;
    char *format = mem_strndup(n > 0 ? text : "", n);
    /* Of its own, so that reading past its end shows. */
    char *rest = mem_alloc(n < size ? size - n : 1);
    struct str request = {rest, n < size ? size - n - 1 : 0};
    struct access_format *f = NULL;
    struct err err = ERR_INIT;

    if (request.n > 0)
        memcpy(rest, text + n + 1, request.n);
    if (access_format_new(format, &f, &err) == 0)
        check(f, request, format[0] == '{' || strcmp(format, "json") == 0);
    access_format_free(f);
    free(format);
    free(rest);
    return 0;
}
