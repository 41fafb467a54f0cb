/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_field.h"

#include "base/num.h"
#include "server/http_chars.h"

/* A name is a token, where only a letter's two cases differ by this bit alone. */
static inline bool
is_name(struct str name, const char *lower)
{
    for (size_t i = 0; i < name.n; i++) {
        if ((name.p[i] | 0x20) != lower[i])
            return false;
    }
    return true;
}

enum http_field
http_field_of(struct str name)
{
    /* In every request, and a jump by table is dear when what it leads to was not used lately. */
    if (name.n == sizeof("host") - 1)
        return is_name(name, "host") ? HTTP_FIELD_HOST : HTTP_FIELD_OTHER;
    /* Most fields of a browser's request are told apart by their length alone. */
    switch (name.n) {
    case sizeof("range") - 1:
        return is_name(name, "range") ? HTTP_FIELD_RANGE : HTTP_FIELD_OTHER;
    case sizeof("if-range") - 1:
        if (is_name(name, "if-match"))
            return HTTP_FIELD_IF_MATCH;
        return is_name(name, "if-range") ? HTTP_FIELD_IF_RANGE : HTTP_FIELD_OTHER;
    case sizeof("accept-encoding") - 1:
        return is_name(name, "accept-encoding") ? HTTP_FIELD_ACCEPT_ENCODING : HTTP_FIELD_OTHER;
    case sizeof("if-unmodified-since") - 1:
        return is_name(name, "if-unmodified-since") ? HTTP_FIELD_IF_UNMODIFIED_SINCE
                                                    : HTTP_FIELD_OTHER;
    case sizeof("expect") - 1:
        return is_name(name, "expect") ? HTTP_FIELD_EXPECT : HTTP_FIELD_OTHER;
    case sizeof("connection") - 1:
        return is_name(name, "connection") ? HTTP_FIELD_CONNECTION : HTTP_FIELD_OTHER;
    case sizeof("if-none-match") - 1:
        return is_name(name, "if-none-match") ? HTTP_FIELD_IF_NONE_MATCH : HTTP_FIELD_OTHER;
    case sizeof("content-length") - 1:
        return is_name(name, "content-length") ? HTTP_FIELD_CONTENT_LENGTH : HTTP_FIELD_OTHER;
    case sizeof("x-request-id") - 1:
        return is_name(name, "x-request-id") ? HTTP_FIELD_REQUEST_ID : HTTP_FIELD_OTHER;
    case sizeof("transfer-encoding") - 1:
        if (is_name(name, "if-modified-since"))
            return HTTP_FIELD_IF_MODIFIED_SINCE;
        return is_name(name, "transfer-encoding") ? HTTP_FIELD_TRANSFER_ENCODING : HTTP_FIELD_OTHER;
    default:
        return HTTP_FIELD_OTHER;
    }
}

/* Digits and nothing else, without leading zeros, which others read as octal.  A second one is
 * refused even when it is equal: only an attacker or a broken proxy sends it. */
static int
take_content_length(struct http_parser *p, struct str value)
{
    struct http_request *r = &p->request;

    if (r->has_length || (value.n > 1 && value.p[0] == '0') ||
        !http_chars_all(value, HTTP_CHAR_DIGIT) ||
        !num_parse_u64(value, INT64_MAX, &r->content_length))
        return 400;
    r->has_length = true;
    return 0;
}

/* Parameters, quotes and the like make a coding another one than "chunked".  An empty member of the
 * list would be ignored by RFC 9110 5.6.1; but some programs take "chunked," for another coding,
 * and no honest client sends it. */
static void
take_transfer_encoding(struct http_parser *p, struct str value)
{
    do {
        struct str coding = http_chars_trim(str_cut(&value, ','));

        p->te_broken = p->te_broken || p->te_chunked_last || coding.n == 0;
        p->te_chunked_last = str_eq_nocase(coding, "chunked");
        p->te_other = p->te_other || !p->te_chunked_last;
    } while (value.p != NULL);
}

static void
take_connection(struct http_parser *p, struct str value)
{
    struct str token;

    while (http_parse_token(&value, &token)) {
        if (str_eq_nocase(token, "close"))
            p->has_close = true;
        else if (str_eq_nocase(token, "keep-alive"))
            p->has_keep_alive = true;
    }
}

int
http_field_take(struct http_parser *p, struct str name, struct str value)
{
    struct http_request *r = &p->request;
    enum http_field field = http_field_of(name);
    bool again;

    if (field == HTTP_FIELD_OTHER)
        return 0;
    again = http_parse_has(r, field);
    if (!again)
        r->fields[field] = (struct http_span){(uint32_t)(value.p - r->base), (uint32_t)value.n};
    r->present |= 1u << field;
    if (field == HTTP_FIELD_HOST)
        return again || !http_target_host_valid(value) ? 400 : 0;
    switch (field) {
    case HTTP_FIELD_CONTENT_LENGTH:
        return take_content_length(p, value);
    case HTTP_FIELD_TRANSFER_ENCODING:
        take_transfer_encoding(p, value);
        return 0;
    case HTTP_FIELD_CONNECTION:
        take_connection(p, value);
        return 0;
    case HTTP_FIELD_EXPECT:
        if (str_eq_nocase(value, "100-continue"))
            r->expects_continue = true;
        else
            p->expects_other = true;
        return 0;
    default:
        return 0;
    }
}

static int
finish_framing(struct http_parser *p)
{
    struct http_request *r = &p->request;

    if (http_parse_has(r, HTTP_FIELD_TRANSFER_ENCODING)) {
        if (r->has_length || r->minor == 0 || p->te_broken || !p->te_chunked_last)
            return 400;
        if (p->te_other)
            return 501;
        r->chunked = true;
    }
    return 0;
}

int
http_field_finish(struct http_parser *p)
{
    struct http_request *r = &p->request;
    int status;

    if (r->minor > 0 && !http_parse_has(r, HTTP_FIELD_HOST))
        return 400;
    status = finish_framing(p);
    if (status != 0)
        return status;
    if (r->minor > 0 && p->expects_other)
        return 417;
    r->expects_continue = r->expects_continue && r->minor > 0;
    r->keep_alive = !p->has_close && (r->minor > 0 || p->has_keep_alive);
    return 0;
}
