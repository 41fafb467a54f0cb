/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_target.h"

#include <string.h>

#include "server/http_chars.h"

static bool
port_valid(struct str port)
{
    unsigned v = 0;

    for (size_t i = 0; i < port.n; i++) {
        unsigned digit = (unsigned)(unsigned char)port.p[i] - '0';

        if (digit > 9)
            return false;
        v = v * 10 + digit;
        if (v > 65535)
            return false;
    }
    return true;
}

/* How much of it is a name.  Escapes must be whole ones: one that is not ends it. */
static size_t
name_length(struct str s)
{
    size_t n = http_chars_span(s.p, s.n, HTTP_CHAR_HOST);

    while (s.n - n >= 3 && s.p[n] == '%' && http_chars_hex(s.p[n + 1]) >= 0 &&
           http_chars_hex(s.p[n + 2]) >= 0) {
        n += 3;
        n += http_chars_span(s.p + n, s.n - n, HTTP_CHAR_HOST);
    }
    return n;
}

/* "[v6]" and what follows; only the form is looked at, since nobody connects to it. */
static bool
literal_valid(struct str host)
{
    ptrdiff_t end = str_find(host, ']');
    struct str inside, rest;

    if (end < 0)
        return false;
    inside = (struct str){host.p + 1, (size_t)end - 1};
    rest = (struct str){host.p + end + 1, host.n - (size_t)end - 1};
    if (inside.n < 2 || memchr(inside.p, ':', inside.n) == NULL)
        return false;
    for (size_t i = 0; i < inside.n; i++) {
        if (!http_chars_is(inside.p[i], HTTP_CHAR_HEX) && inside.p[i] != ':' && inside.p[i] != '.')
            return false;
    }
    return rest.n == 0 || (rest.p[0] == ':' && port_valid((struct str){rest.p + 1, rest.n - 1}));
}

bool
http_target_host_valid(struct str host)
{
    size_t n;

    if (host.n > 0 && host.p[0] == '[')
        return literal_valid(host);
    n = name_length(host);
    if (n == 0 || n == host.n)
        return n > 0;
    return host.p[n] == ':' && port_valid((struct str){host.p + n + 1, host.n - n - 1});
}

/* How much of it is a path, and whether this is as http_target_path() would make it: a dot begins
 * no segment, and nothing is escaped. */
static size_t
path_length(struct str s, bool *plain)
{
    size_t n = http_chars_span(s.p, s.n, HTTP_CHAR_PLAIN);

    while (n < s.n && s.p[n] == '.' && n > 0 && s.p[n - 1] != '/') {
        n++;
        n += http_chars_span(s.p + n, s.n - n, HTTP_CHAR_PLAIN);
    }
    *plain = n > 0 && (n == s.n || s.p[n] == '?');
    return n + http_chars_span(s.p + n, s.n - n, HTTP_CHAR_PATH);
}

static bool
split_query(struct str target, struct http_target *out)
{
    size_t n = path_length(target, &out->plain);

    out->path = (struct str){target.p, n};
    out->query = (struct str){NULL, 0};
    if (n == target.n)
        return true;
    if (target.p[n] != '?')
        return false;
    out->query = (struct str){target.p + n + 1, target.n - n - 1};
    return http_chars_all(out->query, HTTP_CHAR_QUERY);
}

static bool
parse_absolute(struct str target, struct http_target *out)
{
    static const char *const schemes[] = {"http://", "https://"};

    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(schemes[i]);
        struct str rest = {target.p + n, target.n - n};
        size_t host = 0;

        if (target.n < n || !str_eq_nocase((struct str){target.p, n}, schemes[i]))
            continue;
        while (host < rest.n && rest.p[host] != '/' && rest.p[host] != '?')
            host++;
        out->host = (struct str){rest.p, host};
        return http_target_host_valid(out->host) &&
               split_query((struct str){rest.p + host, rest.n - host}, out);
    }
    return false;
}

/* "host:port": the only form CONNECT has, and only CONNECT has it. */
static bool
parse_authority(struct str target, struct http_target *out)
{
    if (!http_target_host_valid(target) || !http_chars_is(target.p[target.n - 1], HTTP_CHAR_DIGIT))
        return false;
    out->form = HTTP_FORM_AUTHORITY;
    out->host = target;
    return memchr(target.p, ':', target.n) != NULL;
}

bool
http_target_parse(struct str method, struct str target, struct http_target *out)
{
    *out = (struct http_target){HTTP_FORM_ORIGIN, {NULL, 0}, {target.p, 0}, {NULL, 0}, false};
    if (target.n == 0)
        return false;
    if (str_eq(method, "CONNECT"))
        return parse_authority(target, out);
    if (target.p[0] == '/')
        return split_query(target, out);
    if (str_eq(target, "*")) {
        out->form = HTTP_FORM_ASTERISK;
        return str_eq(method, "OPTIONS");
    }
    out->form = HTTP_FORM_ABSOLUTE;
    return parse_absolute(target, out);
}

static enum http_path_result
unescape(struct str raw, char *room, size_t *n)
{
    bool slash = false;

    *n = 0;
    for (size_t i = 0; i < raw.n; i++) {
        char c = raw.p[i];

        if (c == '%') {
            int high = raw.n - i >= 3 ? http_chars_hex(raw.p[i + 1]) : -1;
            int low = raw.n - i >= 3 ? http_chars_hex(raw.p[i + 2]) : -1;

            if (high < 0 || low < 0)
                return HTTP_PATH_BAD;
            c = (char)(high * 16 + low);
            if (!http_chars_is(c, HTTP_CHAR_VALUE) || c == '\t')
                return HTTP_PATH_BAD;
            slash = slash || c == '/';
            i += 2;
        }
        room[(*n)++] = c;
    }
    return slash ? HTTP_PATH_SLASH : HTTP_PATH_OK;
}

/* Whether a character of UTF-8 is written longer than need be (RFC 3629 3): "/" and "." in
 * disguise.
 */
static bool
has_overlong(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;

    for (size_t i = 0; i < n; i++) {
        if (p[i] == 0xc0 || p[i] == 0xc1)
            return true;
        if (i + 1 < n && ((p[i] == 0xe0 && p[i + 1] >= 0x80 && p[i + 1] < 0xa0) ||
                          (p[i] == 0xf0 && p[i + 1] >= 0x80 && p[i + 1] < 0x90)))
            return true;
    }
    return false;
}

/* RFC 3986 5.2.4 on an absolute path, in place.  A ".." at the root is refused, not swallowed: no
 * honest client sends one. */
static bool
remove_dots(char *p, size_t *n)
{
    size_t out = 0;
    size_t in = 0;

    while (in < *n) {
        size_t end = in + 1;
        size_t length;

        while (end < *n && p[end] != '/')
            end++;
        length = end - in;
        if ((length == 2 && p[in + 1] == '.') ||
            (length == 3 && p[in + 1] == '.' && p[in + 2] == '.')) {
            if (length == 3) {
                if (out == 0)
                    return false;
                while (p[--out] != '/')
                    ;
            }
            if (end == *n)
                p[out++] = '/';
        } else {
            memmove(p + out, p + in, length);
            out += length;
        }
        in = end;
    }
    *n = out;
    return true;
}

enum http_path_result
http_target_path(struct str raw, char *room, struct str *out)
{
    enum http_path_result result;
    bool plain;
    size_t n;

    if (raw.n == 0) {
        *out = STR_LIT("/");
        return HTTP_PATH_OK;
    }
    *out = raw;
    if (path_length(raw, &plain) == raw.n && plain)
        return HTTP_PATH_OK;
    result = unescape(raw, room, &n);
    if (result == HTTP_PATH_BAD || has_overlong(room, n) || !remove_dots(room, &n))
        return HTTP_PATH_BAD;
    *out = (struct str){room, n};
    return result;
}

struct str
http_target_parameter(struct str query, const char *name)
{
    while (query.p != NULL) {
        struct str pair = str_cut(&query, '&');
        struct str key = str_cut(&pair, '=');

        if (str_eq(key, name))
            return pair.p != NULL ? pair : (struct str){key.p + key.n, 0};
    }
    return (struct str){NULL, 0};
}
