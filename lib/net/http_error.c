/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_error.h"

#include <stdio.h>
#include <sys/un.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "net/http.h"

enum { PLACE_MAX = 512 };

static void
cleanup_curlup(CURLU **u)
{
    curl_url_cleanup(*u);
}

#define cleanup_curlu __attribute__((cleanup(cleanup_curlup)))

/* RFC 9110 5.6.2: what methods and header names are made of. */
static bool
is_token(const char *s)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";

    if (*s == '\0')
        return false;
    for (; *s != '\0'; s++) {
        bool letter = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');

        if (!letter && !(*s >= '0' && *s <= '9') && strchr(marks, *s) == NULL)
            return false;
    }
    return true;
}

/* A line break in a value would start a header, or a request, of its own. */
static bool
is_value(const char *s)
{
    for (; *s != '\0'; s++) {
        if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
            return false;
    }
    return true;
}

static int
check_url(const char *url, struct err *err)
{
    cleanup_curlu CURLU *u = curl_url();
    char *scheme = NULL;
    CURLUcode rc = curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME);
    bool spoken;

    if (rc == CURLUE_OK)
        rc = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0);
    if (rc != CURLUE_OK)
        return err_set(err, ERR_INVALID, "malformed URL: %s", curl_url_strerror(rc));
    spoken = strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0;
    if (!spoken)
        err_set(err, ERR_INVALID, "URL scheme '%s': want http or https", scheme);
    curl_free(scheme);
    return spoken ? 0 : -1;
}

int
http_error_check(const struct http_request *request, struct err *err)
{
    if (check_url(request->url, err) < 0)
        return -1;
    if (request->method != NULL && !is_token(request->method))
        return err_set(err, ERR_INVALID, "the HTTP method is no token");
    for (size_t i = 0; i < request->n_headers; i++) {
        const struct http_header *h = &request->headers[i];

        if (!is_token(h->name))
            return err_set(err, ERR_INVALID, "the name of HTTP header %zu is no token", i + 1);
        if (!is_value(h->value))
            return err_set(err, ERR_INVALID, "HTTP header '%s' holds a control character", h->name);
    }
    if (request->unix_socket != NULL &&
        strlen(request->unix_socket) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return err_set(err, ERR_INVALID, "socket path '%s' is longer than %zu bytes",
                       request->unix_socket, sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
    return 0;
}

void
http_error_place(const struct http_request *request, struct buf *out)
{
    static const CURLUPart secret[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS,
                                       CURLUPART_QUERY, CURLUPART_FRAGMENT};
    cleanup_curlu CURLU *u = curl_url();
    CURLUcode rc = curl_url_set(u, CURLUPART_URL, request->url, CURLU_PATH_AS_IS);
    char *text = NULL;

    buf_appendf(out, "%s ", request->method != NULL ? request->method : "GET");
    for (size_t i = 0; rc == CURLUE_OK && i < ARRAY_LEN(secret); i++)
        rc = curl_url_set(u, secret[i], NULL, 0);
    if (rc == CURLUE_OK)
        rc = curl_url_get(u, request->unix_socket != NULL ? CURLUPART_PATH : CURLUPART_URL, &text,
                          0);
    if (request->unix_socket != NULL)
        buf_appendf(out, "unix:%s:", request->unix_socket);
    buf_append_str(out, rc == CURLUE_OK ? text : "(malformed URL)");
    curl_free(text);
}

static enum err_code
code_of(int curl_code)
{
    switch (curl_code) {
    case CURLE_OPERATION_TIMEDOUT:
        return ERR_TIMEOUT;
    case CURLE_URL_MALFORMAT:
        return ERR_INVALID;
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_OUT_OF_MEMORY:
        return ERR_LIMIT;
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9; the scheme was checked before */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
        return ERR_PROTOCOL;
    default:
        return ERR_NET;
    }
}

int
http_error_set(const struct http_request *request, int curl_code, const char *text, int sys,
               const char *ca_file, struct err *err)
{
    cleanup_buf struct buf place = BUF_INIT(PLACE_MAX);
    const char *why = text[0] != '\0' ? text : curl_easy_strerror((CURLcode)curl_code);

    http_error_place(request, &place);
    if (curl_code == CURLE_SSL_CACERT_BADFILE)
        err_set(err, ERR_NOT_FOUND, "no CA certificates at '%s'; set SSL_CERT_FILE to a PEM bundle",
                ca_file);
    else if (curl_code == CURLE_PEER_FAILED_VERIFICATION)
        err_set(err, ERR_DENIED, "%s; trusted are the CAs in '%s', SSL_CERT_FILE names others", why,
                ca_file);
    else if (curl_code == CURLE_COULDNT_CONNECT && sys != 0)
        err_set(err, ERR_NET, "cannot connect: %s", strerror(sys));
    else if (curl_code == CURLE_SSL_CONNECT_ERROR && strstr(why, "wrong version number") != NULL)
        err_set(err, ERR_PROTOCOL, "the peer speaks no TLS on this port; is http:// meant?");
    else if (curl_code == CURLE_FILESIZE_EXCEEDED)
        err_set(err, ERR_LIMIT, "the answer is larger than %zu bytes",
                request->max_body_bytes > 0 ? request->max_body_bytes : HTTP_BODY_MAX);
    else
        err_set(err, code_of(curl_code), "%s", why);
    err->sys = sys;
    return err_wrap(err, "%s", buf_cstr(&place));
}
