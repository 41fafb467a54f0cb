/* SPDX-License-Identifier: Apache-2.0 */
#include "net/url.h"

#include <stdio.h>
#include <stdlib.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"

enum { URL_MAX = 8 * 1024 };

static void
cleanup_curlup(CURLU **u)
{
    curl_url_cleanup(*u);
}

#define cleanup_curlu __attribute__((cleanup(cleanup_curlup)))

/* A part as a string of our own; NULL when the URL has none. */
static char *
take_part(CURLU *u, CURLUPart part, unsigned flags)
{
    char *theirs = NULL;
    char *ours = NULL;

    if (curl_url_get(u, part, &theirs, flags) == CURLUE_OK)
        ours = mem_strdup(theirs);
    curl_free(theirs);
    return ours;
}

static bool
has_part(CURLU *u, CURLUPart part)
{
    cleanup_free char *text = take_part(u, part, 0);

    return text != NULL;
}

/* Texts of errors name no URL, since what makes one malformed may be a password in it. */
static int
check(CURLU *u, const char *text, struct err *err)
{
    cleanup_free char *scheme = NULL;
    CURLUcode rc;

    if (strlen(text) > URL_MAX)
        return err_set(err, ERR_LIMIT, "URL of more than %d bytes", URL_MAX);
    rc = curl_url_set(u, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS);
    /* libcurl takes the path's first part for the host of "http:///path". */
    if (rc == CURLUE_OK && strncmp(text + strcspn(text, ":"), ":///", 4) == 0)
        rc = CURLUE_NO_HOST;
    if (rc != CURLUE_OK)
        return err_set(err, ERR_INVALID, "malformed URL: %s", curl_url_strerror(rc));
    scheme = take_part(u, CURLUPART_SCHEME, 0);
    if (scheme == NULL || (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
        return err_set(err, ERR_INVALID, "URL scheme '%s': want http or https",
                       scheme != NULL ? scheme : "");
    if (has_part(u, CURLUPART_USER) || has_part(u, CURLUPART_PASSWORD))
        return err_set(err, ERR_INVALID, "a URL here may not carry a user name or password");
    return 0;
}

static char *
without_brackets(char *host)
{
    size_t n = host != NULL ? strlen(host) : 0;
    char *bare;

    if (n < 2 || host[0] != '[')
        return host;
    bare = mem_strndup(host + 1, n - 2);
    free(host);
    return bare;
}

int
url_parse(const char *text, struct url *out, struct err *err)
{
    cleanup_curlu CURLU *u = curl_url();
    struct url parsed = {NULL, NULL, 0, false, NULL, NULL};
    cleanup_free char *port = NULL;
    uint64_t number;

    if (u == NULL)
        mem_fail(0);
    if (check(u, text, err) < 0)
        return -1;
    parsed.scheme = take_part(u, CURLUPART_SCHEME, 0);
    parsed.host = without_brackets(take_part(u, CURLUPART_HOST, 0));
    parsed.path = take_part(u, CURLUPART_PATH, 0);
    parsed.query = take_part(u, CURLUPART_QUERY, 0);
    port = take_part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    if (parsed.host == NULL || parsed.path == NULL || port == NULL ||
        !num_parse_u64(str_from(port), UINT16_MAX, &number) || number == 0) {
        url_done(&parsed);
        return err_set(err, ERR_INVALID, "malformed URL: want http[s]://HOST[:PORT][/PATH]");
    }
    parsed.port = (uint16_t)number;
    parsed.default_port = number == (strcmp(parsed.scheme, "https") == 0 ? 443 : 80);
    *out = parsed;
    return 0;
}

void
url_done(struct url *u)
{
    free(u->scheme);
    free(u->host);
    free(u->path);
    free(u->query);
    *u = (struct url){NULL, NULL, 0, false, NULL, NULL};
}

bool
url_same_origin(const struct url *a, const struct url *b)
{
    return strcmp(a->scheme, b->scheme) == 0 && str_eq_nocase(str_from(a->host), b->host) &&
           a->port == b->port;
}

int
url_resolve(const char *base, struct str reference, char **out, struct err *err)
{
    cleanup_curlu CURLU *u = curl_url();
    cleanup_free char *text = mem_strndup(reference.p, reference.n);
    cleanup_free char *whole = NULL;
    CURLUcode rc;

    if (u == NULL)
        mem_fail(0);
    if (check(u, base, err) < 0)
        return -1;
    if (reference.n > URL_MAX || strlen(text) != reference.n)
        return err_set(err, ERR_INVALID, "malformed URL: too long, or with a NUL");
    rc = curl_url_set(u, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS);
    if (rc == CURLUE_OK)
        rc = curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
    if (rc == CURLUE_OK)
        whole = take_part(u, CURLUPART_URL, 0);
    if (whole == NULL)
        return err_set(err, ERR_INVALID, "malformed URL: %s", curl_url_strerror(rc));
    if (check(u, whole, err) < 0)
        return -1;
    *out = steal_ptr(&whole);
    return 0;
}

char *
url_host_header(const struct url *u)
{
    bool v6 = strchr(u->host, ':') != NULL;
    char port[8] = "";

    if (!u->default_port)
        snprintf(port, sizeof(port), ":%u", (unsigned)u->port);
    return mem_printf("%s%s%s%s", v6 ? "[" : "", u->host, v6 ? "]" : "", port);
}

void
url_encode(struct str s, bool keep_slash, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (letter || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~' ||
            (c == '/' && keep_slash))
            buf_append_char(out, c);
        else
            buf_appendf(out, "%%%02X", (unsigned char)c);
    }
}
